/** Texts by key, numbers and times as the language writes them. A new language: a file like nl.ts and two lines here. */
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { en, type Key, type Texts } from "./en.ts";

export type { Key } from "./en.ts";
type Language = "en" | "nl" | "de";

export const languages: Record<Language, string> = { en: "English", nl: "Nederlands", de: "Deutsch" };
const loaders: Record<Language, () => Promise<Texts>> = {
  en: async () => en,
  nl: async () => (await import("./nl.ts")).nl,
  de: async () => (await import("./de.ts")).de,
};

type Values = Record<string, string | number>;

export interface Words {
  language: Language;
  setLanguage: (language: Language) => void;
  t: (key: Key, values?: Values) => string;
  number: (value: number) => string;
  time: (iso: string | null | undefined) => string;
  ago: (iso: string | null | undefined) => string;
}

const Context = createContext<Words | null>(null);

function preferred(): Language {
  const wanted = [localStorage.getItem("millrace.language"), ...navigator.languages];
  return (wanted.map((name) => name?.slice(0, 2)).find((name) => name && name in languages) as Language | undefined) ?? "en";
}

export function Language({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(preferred);
  const [loaded, setLoaded] = useState<{ language: Language; texts: Texts } | null>(null);
  useEffect(() => {
    let current = true;
    document.documentElement.lang = language;
    void loaders[language]().then((texts) => current && setLoaded({ language, texts }));
    return () => void (current = false);
  }, [language]);

  const words = useMemo(() => loaded && wordsOf(loaded.language, loaded.texts, setLanguage), [loaded]);
  return words && <Context value={words}>{children}</Context>;
}

function wordsOf(language: Language, texts: Texts, set: (language: Language) => void): Words {
  const numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const times = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  return {
    language,
    setLanguage: (chosen) => {
      localStorage.setItem("millrace.language", chosen);
      set(chosen);
    },
    t: (key, values) => fill(texts[key], values, numbers),
    number: (value) => numbers.format(value),
    time: (iso) => (iso ? times.format(new Date(iso)) : ""),
    ago: (iso) => (iso ? agoOf(relative, (Date.parse(iso) - Date.now()) / 1000) : ""),
  };
}

function fill(text: string, values: Values | undefined, numbers: Intl.NumberFormat): string {
  if (!values) return text;
  const [one, many] = text.split("|");
  const chosen = many !== undefined && values.n !== 1 ? many : one!;
  return chosen.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? numbers.format(value) : (value ?? "");
  });
}

function agoOf(relative: Intl.RelativeTimeFormat, seconds: number): string {
  const size = Math.abs(seconds);
  if (size < 60) return relative.format(Math.round(seconds), "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
  return relative.format(Math.round(seconds / 86_400), "day");
}

export function useWords(): Words {
  return useContext(Context)!;
}
