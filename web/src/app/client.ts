/** The one client of the page. Credentials are a session cookie; its CSRF token is kept where all tabs find it. */
import { createClient, type Client } from "@millrace/client";

/** Where the dashboard stands, e.g. /millrace/ui/; the API stands beside it. */
export const basePath = new URL(document.baseURI).pathname.replace(/\/$/, "");
const csrfKey = "millrace.csrf";

export const client: Client = createClient({
  url: new URL("..", document.baseURI).href,
  csrf: () => localStorage.getItem(csrfKey),
  language: localStorage.getItem("millrace.language") ?? navigator.language,
});

export function apiAddress(path: string): string {
  return client.requester.absolute(client.requester.url + path);
}

export function keepCsrf(token: string | null) {
  if (token) localStorage.setItem(csrfKey, token);
  else localStorage.removeItem(csrfKey);
}
