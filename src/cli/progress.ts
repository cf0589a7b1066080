/** Shows what a start is doing: a moving line on a terminal, plain lines elsewhere. */
import { countText, type Terminal } from "./terminal.ts"

export interface Progress {
  /** Begins a step; the one before it is done. Steps of one kind, such as growing counts, share a line. */
  step(text: string): void
  /** The last step is done. */
  done(): void
  /** The last step was not done. */
  fail(): void
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const repeatMs = 5_000

/** Shows steps on a terminal or in a log. */
export function createProgress(out: Terminal): Progress {
  return out.isTerminal ? movingProgress(out) : plainProgress(out)
}

/** Shows nothing. */
export const silentProgress: Progress = {
  step: () => undefined,
  done: () => undefined,
  fail: () => undefined,
}

function movingProgress(out: Terminal): Progress {
  let current = ""
  let since = 0
  let frame = 0
  const timer = setInterval(() => draw(), 80).unref()
  const draw = (): void => {
    if (current === "") return
    const seconds =
      Date.now() - since > 1_000 ? out.paint("dim", `  ${((Date.now() - since) / 1_000).toFixed(0)} s`) : ""
    out.write(`\r\x1b[2K  ${out.paint("cyan", frames[frame++ % frames.length] ?? "")} ${current}${seconds}`)
  }
  const end = (mark: string): void => {
    if (current === "") return
    const took = Date.now() - since
    out.write(
      `\r\x1b[2K  ${mark} ${current}${took > 100 ? out.paint("dim", `  ${(took / 1_000).toFixed(1)} s`) : ""}\n`,
    )
    current = ""
  }
  return {
    step(raw) {
      const text = wordsOf(raw)
      if (kindOf(text) !== kindOf(current)) {
        end(out.paint("green", "✓"))
        since = Date.now()
      }
      current = text
      draw()
    },
    done() {
      end(out.paint("green", "✓"))
      clearInterval(timer)
    },
    fail() {
      end(out.paint("red", "✗"))
      clearInterval(timer)
    },
  }
}

function plainProgress(out: Terminal): Progress {
  let last = ""
  let said = ""
  let saidAt = 0
  const say = (text: string): void => {
    if (text === said || text === "") return
    out.line(`- ${text}`)
    said = text
    saidAt = Date.now()
  }
  return {
    step(raw) {
      const text = wordsOf(raw)
      if (kindOf(text) !== kindOf(last)) {
        say(last)
        say(text)
      } else if (Date.now() - saidAt > repeatMs) say(text)
      last = text
    },
    done: () => say(last),
    fail: () => say(last),
  }
}

/** `data: 12345 rows, done` → `Data: 12,345 rows`. */
function wordsOf(step: string): string {
  const text = step.replace(/, done$/, "").replaceAll(/\b\d{4,}\b/g, (count) => countText(Number(count)))
  return text === "data: 0 rows" ? "Data" : text.charAt(0).toUpperCase() + text.slice(1)
}

/** The words without counts. */
function kindOf(step: string): string {
  return step.startsWith("Data") ? "Data" : step
}
