/** What the processes of all contenders have in common: they are told where to listen, and say what they used. */

/** What a contender is told when it starts. */
export interface ContenderSetup {
  /** The superuser's connection; only Undercroft, which prepares its own database, makes use of it. */
  readonly adminUrl: string
  /** The connection of the role that requests run as. */
  readonly apiUrl: string
  /** What seals callers, in hexadecimal. */
  readonly processKey: string
  /** What tokens are signed with. */
  readonly secret: string
  readonly connections: number
}

/** What a contender answers when it listens. */
export interface ContenderReady {
  readonly port: number
}

/** What a contender answers when asked: the CPU time it has used, in JavaScript and in the system's calls. */
export interface ContenderCpu {
  readonly userMicroseconds: number
  readonly systemMicroseconds: number
}

/** Runs a contender; `start` gives the port it listens on, `cpu` the microseconds it used where that is not this process. */
export function runContender(
  start: (setup: ContenderSetup) => Promise<number>,
  cpu: () => { user: number; system: number } = process.cpuUsage,
): void {
  const report = (message: ContenderReady | ContenderCpu): void => void process.send?.(message)
  process.on("message", async (message: ContenderSetup | "cpu") => {
    if (message === "cpu") {
      const { user, system } = cpu()
      report({ userMicroseconds: user, systemMicroseconds: system })
    } else report({ port: await start(message) })
  })
  // `exit` rather than an end by signal: a profile is written only then.
  process.on("disconnect", () => process.exit(0))
}
