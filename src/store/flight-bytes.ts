/** A flight as it goes over the wire, in one piece (PostgreSQL's documentation, "Message Formats"). */
import type { Parting } from "./prepared-statements.ts"

/** A statement and what it is run with. */
export interface FlightStep {
  readonly name: string
  readonly text: string
  readonly values: readonly (string | null)[]
  /** Whether something of it goes on record. */
  readonly isRecorded?: boolean | undefined
  /** Whether its last two values are the circumstances and their seal: null until it is sent by itself. */
  readonly takesCircumstances?: boolean | undefined
}

const parse = 0x50
const bind = 0x42
const close = 0x43
const ofStatement = 0x53

/** Execute of the unnamed portal, for all rows. */
const execute = Buffer.from([0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0])
const sync = Buffer.from([0x53, 0, 0, 0, 4])

/**
 * What is closed comes first: PostgreSQL skips all that follows an error, and would keep it. `known` are the bytes of the
 * first step, where they were written before.
 */
export function writeFlight(steps: readonly FlightStep[], parting: Parting, known: Buffer | null): Buffer {
  const { closed, parsed, unnamed } = parting
  if (parsed.size === 0 && closed.length === 0) {
    const rest = known ? steps.slice(1) : steps
    const size = rest.reduce((sum, step) => sum + sizeOf(step, step.name, false), sync.length)
    const writer = new Writer((known?.length ?? 0) + size)
    if (known) writer.bytes(known)
    for (const step of rest) writer.step(step, step.name, false)
    return writer.bytes(sync).done()
  }
  let size = sync.length
  const nameOf = ({ name }: FlightStep): string => (unnamed.has(name) ? "" : name)
  for (const name of closed) size += 7 + Buffer.byteLength(name)
  // What is kept is parsed where it is used first; without a name, before each use.
  const isNew = (step: FlightStep, at: number): boolean =>
    parsed.has(step.name) &&
    (unnamed.has(step.name) || steps.findIndex((one) => one.name === step.name) === at)
  for (const [at, step] of steps.entries()) size += sizeOf(step, nameOf(step), isNew(step, at))
  const writer = new Writer(size)
  for (const name of closed) writer.close(name)
  for (const [at, step] of steps.entries()) writer.step(step, nameOf(step), isNew(step, at))
  return writer.bytes(sync).done()
}

/** Bind and Execute of prepared statements, without the Sync. */
export function writeSteps(steps: readonly FlightStep[]): Buffer {
  const writer = new Writer(steps.reduce((size, step) => size + sizeOf(step, step.name, false), 0))
  for (const step of steps) writer.step(step, step.name, false)
  return writer.done()
}

function sizeOf({ text, values }: FlightStep, name: string, isNew: boolean): number {
  const nameLength = Buffer.byteLength(name)
  let size = execute.length + 1 + bindLength(nameLength, values)
  if (isNew) size += 1 + 4 + nameLength + 1 + Buffer.byteLength(text) + 1 + 2
  return size
}

function bindLength(nameLength: number, values: readonly (string | null)[]): number {
  let length = 4 + 1 + nameLength + 1 + 2 + 2 + 2
  for (const value of values) {
    if (value !== null && typeof value !== "string")
      throw new TypeError("a value of a flight is text or null")
    length += value === null ? 4 : 4 + Buffer.byteLength(value)
  }
  return length
}

class Writer {
  private readonly buffer: Buffer
  private at = 0

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafe(size)
  }

  step({ text, values }: FlightStep, name: string, isNew: boolean): void {
    const nameLength = Buffer.byteLength(name)
    if (isNew) {
      this.byte(parse).int32(4 + nameLength + 1 + Buffer.byteLength(text) + 1 + 2)
      this.cstring(name).cstring(text).int16(0)
    }
    this.byte(bind).int32(bindLength(nameLength, values))
    // The unnamed portal; all values as text.
    this.byte(0).cstring(name).int16(0).int16(values.length)
    for (const value of values) this.value(value)
    this.int16(0).bytes(execute)
  }

  close(name: string): void {
    this.byte(close)
      .int32(4 + 1 + Buffer.byteLength(name) + 1)
      .byte(ofStatement)
      .cstring(name)
  }

  bytes(bytes: Buffer): this {
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
    return this
  }

  done(): Buffer {
    if (this.at !== this.buffer.length) throw new Error("a flight has another length than was reckoned")
    return this.buffer
  }

  private value(value: string | null): void {
    if (value === null) {
      this.int32(-1)
      return
    }
    const length = this.buffer.write(value, this.at + 4)
    this.int32(length)
    this.at += length
  }

  private cstring(text: string): this {
    this.at += this.buffer.write(text, this.at)
    return this.byte(0)
  }

  private byte(value: number): this {
    this.buffer[this.at++] = value
    return this
  }

  private int16(value: number): this {
    this.at = this.buffer.writeInt16BE(value, this.at)
    return this
  }

  private int32(value: number): this {
    this.at = this.buffer.writeInt32BE(value, this.at)
    return this
  }
}
