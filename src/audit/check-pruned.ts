/** What was pruned is gone through by its heads: they are all there, signed, and those that the anchor kept. */
import { pruningBefore } from "../sql/audit-prune.ts"
import { outerPositions } from "../sql/audit-seal.ts"
import type { AnchorCheck } from "./check-anchored.ts"
import type { BatchCheck } from "./check-batches.ts"
import type { Findings } from "./findings.ts"
import type { Reading } from "./scan-entries.ts"
import { Frontier, isFrontier } from "./tree.ts"

/** What an entry says of what was to go, and when that entry was sealed. */
interface Announced {
  readonly root: string | null
  readonly before: string | null
  readonly years: string | null
  readonly sealed: string
}

/** Years begin on a day that not every year has, and clocks differ. */
const slackMs = 2 * 86_400_000

const keptYears = ({ years }: Announced): number => Math.max(1, Number(years))

/** Before when entries were to go: no later than so many years before it was sealed, one at least. */
function dueBefore(announced: Announced): number {
  const { before, sealed } = announced
  const latest = new Date(`${sealed.replace(" ", "T")}Z`)
  latest.setUTCFullYear(latest.getUTCFullYear() - keptYears(announced))
  return Math.min(Date.parse(before ?? ""), latest.getTime() + slackMs)
}

interface Passing {
  readonly reader: Reading
  readonly anchor: AnchorCheck
  readonly findings: Findings
}

/**
 * The tree that the first entry goes on from. Entries may be missing at the beginning only if one that is there says that they were
 * to go: it comes after them, names their last head, and that head is older than it says.
 */
export async function passPruned(
  { reader, anchor, findings }: Passing,
  batches: BatchCheck,
): Promise<{ tree: Frontier; through: number; years: number }> {
  const none = { tree: new Frontier(), through: 0, years: 0 }
  const [{ first } = { first: null }] = (await reader.query(outerPositions)) as { first: string | null }[]
  const through = Number(first ?? 1) - 1
  if (through < 1) return none
  const [announced] = (await reader.query(pruningBefore, [through])) as unknown as Announced[]
  if (!announced) {
    findings.at(1, "it is missing, and no entry says that it was pruned")
    return none
  }
  let tree = new Frontier()
  while (tree.size < through) {
    const batch = await batches.next()
    const at = tree.size + 1
    const problem =
      batch === null || batch.size > through
        ? "the head that covers it is gone"
        : batches.problem(batch, tree.size)
    if (batch === null || problem !== null) {
      findings.at(at, problem ?? "")
      return none
    }
    if (!isFrontier(batch.size, batch.frontier) || !isSigned(batch, batches)) {
      findings.within(
        batch.first,
        batch.size,
        `what was kept of ${batch.size} entries that were pruned was changed`,
      )
      return none
    }
    tree = new Frontier(batch.size, batch.frontier)
    await anchor.compare(tree)
  }
  const { last } = batches
  if (last?.root !== announced.root || !(Date.parse(last.time) < dueBefore(announced)))
    findings.at(
      through,
      "it was not to be pruned: the entry that announces it names another head, or another time",
    )
  return { tree, through, years: keptYears(announced) }
}

function isSigned({ size, frontier }: { size: number; frontier: Buffer }, { last }: BatchCheck): boolean {
  return new Frontier(size, frontier).root().toString("base64") === last?.root
}
