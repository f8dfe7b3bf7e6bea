/**
 * The jobs widget as a page for an <iframe>: /ui/widget#language=nl. Within the same site the session cookie counts; elsewhere
 * give it a token after the hash (`#token=...`), which no server sees.
 */
import "@millrace/client/element";
import "./widget.css";

const options = new URLSearchParams(location.hash.slice(1));
const language = options.get("language") ?? navigator.language.slice(0, 2);
const element = document.createElement("millrace-jobs");
element.setAttribute("url", new URL("..", document.baseURI).href);
element.setAttribute("language", language);
const token = options.get("token");
if (token) element.setAttribute("token", token);
document.documentElement.lang = language;
document.querySelector("#root")!.append(element);
