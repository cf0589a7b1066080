/** How the tests run: in parallel, against the sources, wherever a `*.test.ts` stands. */
import { availableParallelism } from "node:os"
import { defineConfig, type ViteUserConfig } from "vitest/config"

/** The condition of package.json's "exports" that leads to src instead of dist. */
const conditions = ["undercroft-source"]

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["{src,tools,examples,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/.undercroft/**"],
    globalSetup: ["test/support/global-setup.ts"],
    pool: "forks",
    fileParallelism: true,
    // Tests wait for PostgreSQL more than they compute: on few cores more of them run than there are cores.
    maxWorkers: Math.max(availableParallelism() - 1, 3),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: conditions.map((condition) => `--conditions=${condition}`),
  },
})

export default config
