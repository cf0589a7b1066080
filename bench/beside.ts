/** The same load with something and without it, in turns within one process: what an answer costs either way. */
import { childrenCpuMicroseconds } from "./processes.ts"

interface Cost {
  readonly perSecond: number
  /** Microseconds for an answer: of this process, which also sends the requests, and of PostgreSQL's. */
  readonly node: number
  readonly postgres: number
}

/** One turn, until it has lasted so long; gives how many answers came. */
export type Turn = (milliseconds: number) => Promise<number>

export interface BesideOptions {
  readonly seconds: number
  readonly turns: number
  /** PostgreSQL's first process. */
  readonly postgres: number
}

/** A line that says what both cost, and their ratios: of answers a second, and of CPU time, which others on the machine disturb less. */
export async function beside(dear: Turn, plain: Turn, options: BesideOptions): Promise<string> {
  const [one, other]: [Cost[], Cost[]] = [[], []]
  const milliseconds = (options.seconds * 1000) / options.turns
  await dear(milliseconds)
  await plain(milliseconds)
  for (let turn = 0; turn < options.turns; turn++) {
    one.push(await cost(dear, milliseconds, options.postgres))
    other.push(await cost(plain, milliseconds, options.postgres))
  }
  const ratio = (of: (cost: Cost) => number): string =>
    median(one.map((each, at) => of(other[at]!) / of(each))).toFixed(2)
  const told = (of: readonly Cost[]): string => {
    const [rate, node, postgres] = (["perSecond", "node", "postgres"] as const).map((name) =>
      median(of.map((each) => each[name])).toFixed(0),
    )
    return `${rate!.padStart(5)}/s (Node ${node!.padStart(4)} µs, PostgreSQL ${postgres!.padStart(4)} µs)`
  }
  return `${told(one)}  without ${told(other)}  ratio ${ratio((each) => 1 / each.perSecond)}, of CPU ${ratio((each) => each.node + each.postgres)}`
}

async function cost(turn: Turn, milliseconds: number, pid: number): Promise<Cost> {
  const [node, postgres, start] = [process.cpuUsage(), childrenCpuMicroseconds(pid) ?? 0, performance.now()]
  const answers = await turn(milliseconds)
  const { user, system } = process.cpuUsage(node)
  return {
    perSecond: (answers / (performance.now() - start)) * 1000,
    node: (user + system) / answers,
    postgres: ((childrenCpuMicroseconds(pid) ?? 0) - postgres) / answers,
  }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1]!
}
