// One script and one style sheet, without modules: the page holds both inside, and its worker is the same script.
import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    outDir: "../src/pyrometer/show/page",
    emptyOutDir: true,
    target: "es2022",
    // The first that know `light-dark()`.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    lib: {
      entry: "src/main.ts",
      formats: ["iife"],
      name: "pyrometer",
      fileName: () => "page.js",
      cssFileName: "page",
    },
  },
  test: { include: ["test/**/*.test.ts"] },
});
