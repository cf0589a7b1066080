/** The process that sends requests: few instructions a request, so that what is measured is the server. */
import { connect, type Socket } from "node:net"

/** What to send, and for how long. */
export interface LoadOrder {
  readonly port: number
  /** Whole requests, as they go over the wire; each connection picks from them at random. */
  readonly requests: readonly string[]
  readonly status: number
  readonly connections: number
  readonly warmUpMs: number
  readonly measuredMs: number
}

/** What came back while it was measured. */
export interface LoadResult {
  readonly answers: number
  readonly seconds: number
  /** Milliseconds. */
  readonly median: number
  readonly p99: number
  /** Answers of another status than ordered, warm-up included; with one of them as it came. */
  readonly wrong: number
  readonly example: string | null
}

/** Told to the parent, so that it can look at clocks at the same moments. */
export type LoadReport = "measuring" | LoadResult

const headEnd = Buffer.from("\r\n\r\n")
const contentLengths = ["content-length: ", "Content-Length: "].map((name) => Buffer.from(name))
const chunked = ["transfer-encoding: chunked", "Transfer-Encoding: chunked"].map((name) => Buffer.from(name))
const lastChunk = Buffer.from("\r\n0\r\n\r\n")

class Load {
  private readonly order: LoadOrder
  private readonly requests: readonly Buffer[]
  private latencies = new Float64Array(1 << 20)
  private answers = 0
  private wrong = 0
  private example: string | null = null
  private measuring = false
  private stopped = false

  constructor(order: LoadOrder) {
    this.order = order
    this.requests = order.requests.map((text) => Buffer.from(text))
  }

  async run(report: (message: LoadReport) => void): Promise<void> {
    const sockets = Array.from({ length: this.order.connections }, () => this.open())
    await sleep(this.order.warmUpMs)
    report("measuring")
    this.measuring = true
    const start = performance.now()
    await sleep(this.order.measuredMs)
    this.measuring = false
    const seconds = (performance.now() - start) / 1000
    const { answers, wrong, example } = this
    const sorted = this.latencies.slice(0, answers).toSorted()
    const at = (part: number): number => sorted[Math.floor(answers * part)] ?? 0
    report({ answers, seconds, median: at(0.5), p99: at(0.99), wrong, example })
    this.stopped = true
    for (const socket of sockets) socket.end()
  }

  /** One connection: the next request goes out when the answer is there. */
  private open(): Socket {
    const socket = connect(this.order.port, "127.0.0.1")
    socket.setNoDelay(true)
    let sent = 0
    let pending: Buffer | null = null
    const next = (): void => {
      if (this.stopped) return
      sent = performance.now()
      socket.write(this.requests[Math.floor(Math.random() * this.requests.length)]!)
    }
    socket.on("connect", next)
    socket.on("error", (error) => {
      if (!this.stopped) this.fail(String(error))
    })
    socket.on("close", () => {
      if (!this.stopped) this.fail("connection closed")
    })
    socket.on("data", (chunk) => {
      const data: Buffer = pending === null ? chunk : Buffer.concat([pending, chunk])
      const size = answerSize(data)
      if (size > data.length) {
        pending = data
        return
      }
      pending = null
      this.count(data, sent)
      next()
    })
    return socket
  }

  private count(answer: Buffer, sent: number): void {
    // "HTTP/1.1 200"
    const status = (answer[9]! - 48) * 100 + (answer[10]! - 48) * 10 + answer[11]! - 48
    if (status !== this.order.status) this.fail(answer.toString("utf8", 0, 2000))
    if (!this.measuring) return
    if (this.answers === this.latencies.length) {
      const larger = new Float64Array(this.latencies.length * 2)
      larger.set(this.latencies)
      this.latencies = larger
    }
    this.latencies[this.answers++] = performance.now() - sent
  }

  private fail(what: string): void {
    this.wrong++
    this.example ??= what
  }
}

/** Bytes of the answer that begins here; more than there are when it is not complete. */
function answerSize(data: Buffer): number {
  const end = data.indexOf(headEnd)
  if (end < 0) return Number.POSITIVE_INFINITY
  const at = positionOf(data, end, contentLengths)
  if (at < 0) {
    if (positionOf(data, end, chunked) < 0) return end + 4
    return data.subarray(-lastChunk.length).equals(lastChunk) ? data.length : Number.POSITIVE_INFINITY
  }
  let length = 0
  for (let digit = at + "content-length: ".length; data[digit] !== 13; digit++)
    length = length * 10 + data[digit]! - 48
  return end + 4 + length
}

/** Where one of these headers stands, or -1; servers write them small or with capitals. */
function positionOf(data: Buffer, end: number, names: readonly Buffer[]): number {
  for (const name of names) {
    const at = data.indexOf(name)
    if (at >= 0 && at < end) return at
  }
  return -1
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

process.on("message", (order: LoadOrder) => void new Load(order).run((message) => process.send?.(message)))
process.on("disconnect", () => process.exit(0))
