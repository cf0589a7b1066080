/** `undercroft audit`: shows that nobody changed the record, or which entry they changed. */
import { readFile, writeFile } from "node:fs/promises"
import { openAnchorFile } from "../audit/anchored-heads.ts"
import { proveConsistency, proveEntry } from "../audit/prove.ts"
import { checkProof, type Proof, parseKey, readCheckpoint } from "../audit/verifier.mts"
import { type Verdict, verifyRecord } from "../audit/verify-record.ts"
import { UndercroftError } from "../base/errors.ts"
import { readAudit } from "../store/audit-database.ts"
import { exportRecord, tellTouched } from "./audit-export.ts"
import { projectKeys, pruneProject } from "./audit-prune.ts"
import { rotateProjectKey } from "./audit-rotate.ts"
import { buildProject } from "./build-project.ts"
import { type Command, command, jsonOption, projectOption } from "./command.ts"
import { createProgress, silentProgress } from "./progress.ts"
import { loadProject } from "./project.ts"
import { auditPlaces } from "./project-audit.ts"
import { openProjectDatabase } from "./project-database.ts"
import { databaseUrl } from "./serve.ts"
import { countText, type Style, stderr, stdout } from "./terminal.ts"

const steps = ["verify", "prove", "check-proof", "rotate", "prune", "keys", "export", "touched"]

export const auditCommand: Command = command({
  meta: {
    name: "audit",
    description:
      "Show that nobody changed the record: audit verify | prove <entry> | check-proof <file> | rotate | prune | keys (a finding ends with exit code 1). Hand it on: audit export. Tell what a credential touched: audit touched.",
  },
  args: {
    step: { type: "positional", description: steps.join(", "), required: true },
    what: {
      type: "positional",
      description: "prove: an entry's position or identifier; check-proof: the file.",
      required: false,
    },
    project: projectOption,
    anchor: {
      type: "string",
      description:
        "The heads that were kept outside: a file, a folder of a bucket's objects, or https://…/witness/last?origin=…. Default: the project's file.",
      valueHint: "file",
    },
    key: {
      type: "string",
      description:
        "A public key that is known to be right, name+0123abcd+AQ…, or several, separated by commas.",
      valueHint: "key",
    },
    since: {
      type: "string",
      description: "prove: that the record begins with what it was at this size, in place of an entry.",
      valueHint: "size",
    },
    to: {
      type: "string",
      description:
        "prove: the file to write; rotate: a file with the new private key, in PEM; export, touched: up to this day or moment.",
      valueHint: "file",
    },
    "dry-run": { type: "boolean", description: "prune: only say what would go." },
    from: {
      type: "string",
      description: "export, touched: from this day or moment on, in UTC.",
      valueHint: "2026-01-31",
    },
    format: { type: "string", description: "export: jsonl, csv, cef, ocsf or syslog.", valueHint: "jsonl" },
    follow: { type: "boolean", description: "export: go on with what is sealed from now on." },
    cursor: {
      type: "string",
      description: "export: the file that says how far the last export came; kept up to date.",
      valueHint: "file",
    },
    credential: {
      type: "string",
      description: "touched: session:<id>, key:<id>, token:<issuer> or user:<id>.",
      valueHint: "session:id",
    },
    json: jsonOption("The verdict as JSON."),
  },
  examples: [
    "undercroft audit verify",
    "undercroft audit prove 1042 --to proof.json",
    "undercroft audit prove --since 1000 --to consistency.json",
    "undercroft audit verify --anchor 'https://other.example.org/witness/last?origin=undercroft%2Fclinic%2F0123456789abcdef'",
    "undercroft audit prune --dry-run",
    "undercroft audit export --format cef --cursor audit.cursor --follow",
    "undercroft audit touched --credential session:0d… --from 2026-01-01 --to 2026-02-01",
    "undercroft audit check-proof proof.json --key undercroft/clinic/0123456789abcdef+0123abcd+AQ…",
  ],
  async run({ args }) {
    const refuse = (what: string): never => {
      throw new UndercroftError("UC906", { what, command: "audit" })
    }
    const { step, what } = args
    if (!steps.includes(step)) refuse(`audit does ${steps.join(", ")}, not ${step}.`)
    const keys = readKeys(args.key, refuse)
    if (step === "check-proof") return tellProof(await readProof(what ?? refuse("Which file?")), keys)
    const project = await loadProject(args.project)
    const places = auditPlaces(project, databaseUrl())
    const database = await openProjectDatabase(project, buildProject(project))
    try {
      if (step === "keys") {
        const { adminUrl } = database
        const lines = await projectKeys(project, places, { url: databaseUrl(), adminUrl })
        for (const line of lines) stdout.line(line)
        return
      }
      if (step === "prune") {
        const years =
          project.definition.audit?.keep?.years ??
          refuse("Say how long entries are kept: audit: { keep: { years } }.")
        const isDryRun = args["dry-run"] === true
        const told = await pruneProject(places, { adminUrl: database.adminUrl, years, isDryRun })
        return stdout.line(told)
      }
      const { adminUrl } = database
      const { from, to, format, cursor, credential } = args
      if (step === "export")
        return await exportRecord({
          adminUrl,
          product: project.definition.name,
          format,
          from,
          to,
          cursor,
          follow: args.follow === true,
        })
      if (step === "touched")
        return await tellTouched({ adminUrl, credential, from, to, json: args.json === true })
      if (step === "rotate")
        return stdout.line(await rotateProjectKey(places, { adminUrl: database.adminUrl, to: args.to }))
      if (step === "prove") {
        const since = args.since === undefined ? null : Number(args.since)
        if (since !== null && !(Number.isSafeInteger(since) && since > 0))
          refuse("--since is a number of entries.")
        if (since === null && !what) refuse("Which entry? Give its position or identifier, or --since.")
        const reader = await readAudit(database.adminUrl)
        try {
          const proof =
            since === null ? await proveEntry(reader, what ?? "") : await proveConsistency(reader, since)
          return await writeProof(proof, args.to)
        } finally {
          await reader.close()
        }
      }
      // The anchor is opened first: what is sealed meanwhile is in the database then, too.
      const anchorPath = args.anchor ?? places.anchorPath
      const anchored = anchorPath === null ? null : await openAnchorFile(anchorPath)
      const reader = await readAudit(database.adminUrl)
      const progress = args.json ? silentProgress : createProgress(stderr)
      try {
        const verdict = await verifyRecord({
          reader,
          anchored,
          keys,
          declared: {
            years: project.definition.audit?.keep?.years ?? null,
            witnesses: (project.definition.audit?.anchors ?? []).flatMap((one) =>
              "witness" in one ? [one.key] : [],
            ),
          },
          onProgress: (count) => progress.step(`data: ${count} entries`),
        })
        progress.done()
        tellVerdict(verdict, args.json === true)
      } finally {
        await reader.close()
      }
    } finally {
      await database.close()
    }
  },
})

function readKeys(text: string | undefined, refuse: (what: string) => never): readonly string[] {
  if (text === undefined) return []
  try {
    return text.split(",").map((one) => parseKey(one).text)
  } catch (cause) {
    return refuse(`--key: ${(cause as Error).message}.`)
  }
}

function tellVerdict(verdict: Verdict, isJson: boolean): void {
  if (!verdict.intact) process.exitCode = 1
  for (const line of isJson ? [JSON.stringify(verdict)] : verdictLines(verdict)) stdout.line(line)
}

function verdictLines(verdict: Verdict): readonly string[] {
  const { bad, size, time, waiting, notes, prunedThrough, cosigned } = verdict
  const id = bad?.id ? ` (${bad.id})` : ""
  const bold = (style: Style, text: string): string => stdout.paint(["bold", style], text)
  const intact =
    size === 0 ? "Nothing is sealed yet." : `${bold("green", "Intact")} up to entry ${size} at ${time}.`
  const pruned = `Entries 1 to ${prunedThrough} were pruned, as an entry says; their heads are there.`
  const wait = waiting === 1 ? "1 entry waits" : `${countText(waiting)} entries wait`
  return [
    bad ? `${bold("red", "Not intact.")} The first bad entry is ${bad.position}${id}: ${bad.what}.` : intact,
    ...(bad === null && prunedThrough > 0 ? [pruned] : []),
    ...cosigned.map(
      ({ witness, heads, last }) =>
        `${heads === 1 ? "1 head is" : `${countText(heads)} heads are`} cosigned by ${witness}, the last of ${last} entries.`,
    ),
    ...(waiting > 0 ? [`${wait} to be sealed: whether these were changed, nothing shows yet.`] : []),
    ...notes.map((note) => stdout.paint("yellow", note)),
  ]
}

async function readProof(path: string): Promise<Proof> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Proof
  } catch (cause) {
    throw new UndercroftError("UC906", { what: `${path} holds no proof.`, command: "audit" }, { cause })
  }
}

async function writeProof(proof: Proof, to: string | undefined): Promise<void> {
  const text = JSON.stringify(proof, null, 2)
  if (to === undefined) return stdout.line(text)
  await writeFile(to, `${text}\n`)
  stdout.line(`Written to ${to}. Anyone can check it: undercroft audit check-proof ${to}`)
}

function tellProof(proof: Proof, keys: readonly string[]): void {
  const isOther = keys.length > 0 && !keys.includes(proof.key)
  const problem = checkProof(proof) ?? (isOther ? "it is signed by another key" : null)
  if (problem !== null) process.exitCode = 1
  for (const line of problem === null ? provedLines(proof) : [`Not proved: ${problem}.`]) stdout.line(line)
  if (problem === null && keys.length === 0)
    stdout.line(`This holds if the key is theirs; compare it: ${proof.key}`)
}

function provedLines(proof: Proof): readonly string[] {
  const { origin, size, time } = readCheckpoint(proof.checkpoint, parseKey(proof.key))
  if (proof.kind === "consistency")
    return [
      `Proved: the record of ${origin}, ${size} entries at ${time}, begins with its first ${proof.from.size}.`,
    ]
  return [`Proved: entry ${proof.position} is in the record of ${origin} as it was at ${time}.`, proof.entry]
}
