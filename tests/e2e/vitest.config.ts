import { defineConfig, mergeConfig } from "vitest/config";

import clients from "../clients/vitest.config.ts";

export default mergeConfig(clients, defineConfig({ root: import.meta.dirname, test: { testTimeout: 180_000, hookTimeout: 60_000, retry: 0 } }));
