import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `make web-dev` finds a running console. */
const console_ = process.env.KEEPER_CONSOLE_URL ?? "http://127.0.0.1:8000";
const toConsole = { target: console_, changeOrigin: false };

export default defineConfig({
  // Files are named relative to the page, whose <base> says below which path it is served.
  base: "./",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the pages allows no data: scripts and fonts; pictures stay files too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What almost every page shows is one file: each small one costs a request and its frame.
        advancedChunks: {
          groups: [
            {
              name: "shared",
              test: /src\/(components\/(Button|Failed|Icon|Page|Picture|PriceText|Segmented|Skeleton|When)\.|format|useNow)/,
            },
          ],
        },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    strictPort: true,
    proxy: { "/api": toConsole, "/sign-in": toConsole, "/img": toConsole, "/health": toConsole },
  },
});
