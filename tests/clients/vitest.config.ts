import { defineConfig } from "vitest/config";

const clients = new URL("../../clients/", import.meta.url).pathname;

export default defineConfig({
  root: import.meta.dirname,
  resolve: {
    alias: [
      { find: /^@millrace\/client$/, replacement: clients + "typescript/src/index.ts" },
      { find: /^@millrace\/client\/(.*)$/, replacement: clients + "typescript/src/$1.ts" },
      { find: /^@millrace\/react$/, replacement: clients + "react/src/index.ts" },
    ],
  },
  test: { testTimeout: 40_000, fileParallelism: false },
});
