/**
 * <millrace-jobs url="https://jobs.example.com" token="..."></millrace-jobs>: the jobs widget for pages without React.
 * Without `token` the session cookie counts. `language`: en, nl or de.
 */

import { ActiveJobs, type ActiveState } from "./live.ts";
import { headline, widgetText } from "./widget.ts";

const style = `
  :host { display: block; font: 14px/1.4 system-ui, sans-serif; color-scheme: light dark }
  ul { list-style: none; margin: .5em 0 0; padding: 0 }
  li { display: grid; grid-template-columns: 1fr auto; gap: 0 .75em; padding: .25em 0 }
  .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
  progress { grid-column: 1 / -1; width: 100% }
`;

const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

export class MillraceJobsElement extends Base {
  static observedAttributes = ["url", "token", "scope", "language"];
  private stop: (() => void) | null = null;
  private status!: HTMLElement;
  private list!: HTMLElement;

  connectedCallback() {
    if (!this.shadowRoot) this.build();
    this.open();
  }

  disconnectedCallback() {
    this.stop?.();
    this.stop = null;
  }

  attributeChangedCallback() {
    if (!this.stop) return;
    this.stop();
    this.open();
  }

  private get language() {
    return this.getAttribute("language") ?? (this.closest("[lang]")?.getAttribute("lang") || "en");
  }

  private build() {
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    root.adoptedStyleSheets = [sheet];
    this.status = document.createElement("div");
    this.status.setAttribute("role", "status");
    this.status.setAttribute("aria-live", "polite");
    this.list = document.createElement("ul");
    root.append(this.status, this.list);
  }

  private open() {
    const token = this.getAttribute("token");
    const feed = new ActiveJobs({
      url: this.getAttribute("url") ?? "",
      ...(token && { token }),
      scope: (this.getAttribute("scope") as "own" | null) ?? "own",
    });
    const draw = () => this.draw(feed.getState());
    this.stop = feed.subscribe(draw);
    draw();
  }

  private draw(state: ActiveState) {
    const text = headline(state, this.language);
    if (this.status.textContent !== text) this.status.textContent = text;
    this.list.replaceChildren(...state.jobs.map((job) => this.item(job)));
    this.dispatchEvent(new CustomEvent("jobs", { detail: state }));
  }

  private item(job: ActiveState["jobs"][number]): HTMLElement {
    const words = widgetText(this.language);
    const name = job.filename || words[job.type];
    const item = document.createElement("li");
    const title = Object.assign(document.createElement("span"), { className: "name", textContent: name });
    const state = Object.assign(document.createElement("span"), { textContent: words[job.status] });
    item.append(title, state);
    if (job.status === "running") {
      const bar = Object.assign(document.createElement("progress"), { max: 100, value: job.progress ?? 0 });
      bar.setAttribute("aria-label", `${name}: ${job.progress ?? 0} %`);
      item.append(bar);
    }
    return item;
  }
}

if (globalThis.customElements && !customElements.get("millrace-jobs")) customElements.define("millrace-jobs", MillraceJobsElement);
