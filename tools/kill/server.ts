/** The server that is killed: `node server.ts <folder>` writes on record, seals every few milliseconds, and says its URL. */
import { join } from "node:path"
import { startApp } from "../../src/app.ts"
import { fileAnchor } from "../../src/audit/file-anchor.ts"
import { keyFile } from "../../src/audit/signing-key.ts"
import { crashBackend } from "../../test/crash/crash-model.ts"

const [directory = ""] = process.argv.slice(2)
const origin = "undercroft/killed"
const app = await startApp(
  { ...crashBackend, audit: { sealEveryMs: 20 } },
  {
    host: "127.0.0.1",
    port: 0,
    directory,
    audit: {
      keys: keyFile(join(directory, "audit.key"), origin, true),
      anchors: [fileAnchor(join(directory, "anchor.jsonl"))],
    },
    onError: ({ code, message }) => process.send?.({ error: `${code} ${message}` }),
  },
)
process.on("message", async () => {
  await app.stop()
  process.exit(0)
})
process.on("disconnect", () => process.exit(1))
process.send?.({ url: app.url, adminUrl: app.adminUrl })
