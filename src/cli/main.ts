#!/usr/bin/env node
/** The command `undercroft`: it runs under the Node that the package brings, even where an older one started it. */
const neededMajor = 24

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  const { runUnderPinnedNode } = await import("./pinned-node.ts")
  runUnderPinnedNode()
} else {
  const { runLine } = await import("./run-line.ts")
  await runLine(process.argv.slice(2))
}
