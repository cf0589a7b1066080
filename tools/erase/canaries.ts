/** `npm run erase:canaries`: words through every door, an erasure, and a search through every byte that is left. */
import { runCanaries } from "./canary-run.ts"

if (process.argv.includes("--help")) {
  console.log(
    "npm run erase:canaries\n  plants words through every door, exports, erases, scrubs, and searches all files",
  )
  process.exit(0)
}
const result = await runCanaries()
const { planted, missingInExport, foundBefore, foundAfter, told, hasKey, oldCopy } = result
for (const one of foundAfter) console.log(`  left: ${one}`)
for (const one of missingInExport) console.log(`  not in the export: ${one}`)
for (const one of told) console.log(`  told: ${one}`)
console.log(
  `${planted} words through as many doors; found at ${foundBefore.length} places before and ${foundAfter.length} after; ${missingInExport.length} missing in the export; the key is ${hasKey ? "there" : "destroyed"}, an old copy: ${oldCopy}`,
)
if (foundBefore.length === 0 || foundAfter.length + missingInExport.length + told.length > 0 || hasKey)
  process.exitCode = 1
