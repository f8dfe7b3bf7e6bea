/** Who is signed in. Everything else waits for it. */
import { MillraceError, type Answer } from "@millrace/client";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, type ReactNode } from "react";

import { Loading } from "../ui/Loading.tsx";
import { ErrorBox } from "../ui/ErrorBox.tsx";
import { SignIn } from "../views/SignIn.tsx";
import { client, keepCsrf } from "./client.ts";

export type Me = Answer<"getMe", 200>;

const Context = createContext<Me | null>(null);

export function Session({ children }: { children: ReactNode }) {
  const me = useQuery({ queryKey: ["me"], queryFn: () => client.json<Me>("/api/v2/me"), staleTime: Infinity });
  if (me.data) return <Context value={me.data}>{children}</Context>;
  if (me.error instanceof MillraceError && me.error.status === 401) return <SignIn onDone={() => void me.refetch()} />;
  return me.error ? <ErrorBox error={me.error} onRetry={() => void me.refetch()} /> : <Loading />;
}

export function useMe(): Me {
  return useContext(Context)!;
}

export function useIsAdmin(): boolean {
  return useMe().role === "admin";
}

export interface Credentials {
  token?: string;
  email?: string;
  password?: string;
}

/** A token becomes a session cookie; neither is readable by scripts afterwards. */
export async function signIn({ token, ...password }: Credentials): Promise<void> {
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token.trim()}` } : {};
  const session = await client.json<{ csrf_token: string }>("/api/v2/session", { method: "POST", headers, body: token ? {} : password });
  keepCsrf(session.csrf_token);
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await client.json("/api/v2/session", { method: "DELETE" }).catch(() => undefined);
    keepCsrf(null);
    queries.clear();
    location.reload();
  };
}
