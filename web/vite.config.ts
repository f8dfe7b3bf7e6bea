import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const clients = new URL("../clients/", import.meta.url).pathname;

export default defineConfig({
  root: import.meta.dirname,
  // Relative: the server writes a <base> into each page, so the dashboard works below any path.
  base: "./",
  plugins: [react()],
  resolve: {
    alias: [
      { find: /^@millrace\/client$/, replacement: clients + "typescript/src/index.ts" },
      { find: /^@millrace\/client\/(.*)$/, replacement: clients + "typescript/src/$1.ts" },
      { find: /^@millrace\/react$/, replacement: clients + "react/src/index.ts" },
    ],
  },
  build: {
    target: "es2022",
    // Inlined modulepreload needs no script of its own; nothing is inlined as data: that the policy would refuse.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: { index: "web/index.html", widget: "web/widget.html" } },
  },
  server: { proxy: { "/api": process.env.MILLRACE_URL ?? "http://127.0.0.1:8000" } },
});
