/** What remains to be done, by who can do it: each thing once, with all the requirements that wait for it. */
import type { Finding } from "./assess.ts"
import { type StandardName, standards } from "./standards.ts"
import { askedText, dutyOf } from "./words.ts"

export interface ToDo {
  readonly text: string
  /** What is asked, of the first requirement that waits for it. */
  readonly asked: string
  /** The requirements, such as "GDPR Art. 17". */
  readonly numbers: readonly string[]
}

export interface ToDoList {
  readonly title: string
  /** Whose it is, and what sort of thing, in a sentence. */
  readonly intro: string
  readonly items: readonly ToDo[]
}

type Findings = readonly (readonly [StandardName, readonly Finding[]])[]

/** The lists that have something in them, the most urgent first. */
export function toDoLists(findings: Findings): readonly ToDoList[] {
  const lists: readonly ToDoList[] = [
    {
      title: "Not in order now",
      intro: "A look at the running system found these a moment ago. Whoever runs it has them mended first.",
      items: gather(findings, ({ checks }) =>
        checks.filter((one) => one.ok === false).map((one) => one.says),
      ),
    },
    {
      title: "Left open by how this backend is made",
      intro:
        "The software can do it; the model or the settings of this backend don't say so. The team that made it can mend it.",
      items: gather(findings, ({ requirement, checks, status }) =>
        requirement.who === "platform" && status === "open"
          ? checks.filter((one) => one.ok === null).map((one) => one.says)
          : [],
      ),
    },
    {
      title: "Missing in the software",
      intro:
        "The software does not do it, or no test shows that it does. Decide for each whether you need it, and who else sees to it.",
      items: gather(findings, ({ open, checks, status }) =>
        status === "open" || status === "failed"
          ? open.filter((text) => !checks.some((one) => one.says === text))
          : [],
      ),
    },
    duties("For the team that builds with it", "No software can do these.", findings, "builder"),
    duties("For whoever runs it", "No software can do these.", findings, "operator"),
    duties(
      "For both, so that the software's part holds",
      "The software does its part of the requirement; this is yours.",
      findings,
      "platform",
    ),
  ]
  return lists.filter(({ items }) => items.length > 0)
}

function duties(
  title: string,
  intro: string,
  findings: Findings,
  who: Finding["requirement"]["who"],
): ToDoList {
  const items = gather(findings, (one) =>
    one.requirement.who === who && one.requirement.duty !== undefined ? [dutyOf(one) ?? ""] : [],
  )
  return { title, intro, items }
}

/** Each text once, with the numbers of all that say it, the most often said first. */
function gather(findings: Findings, textsOf: (finding: Finding) => readonly string[]): readonly ToDo[] {
  const found = new Map<
    string,
    { readonly text: string; readonly asked: string; readonly numbers: string[] }
  >()
  for (const [name, all] of findings)
    for (const one of all)
      for (const text of new Set(textsOf(one))) {
        const asked = askedText(one.requirement)
        // "A test that shows it" is another one for each requirement.
        const key = text.length < 60 && /\b(it|them)\b/.test(text) ? `${text} ${asked}` : text
        const item = found.get(key) ?? { text, asked, numbers: [] }
        item.numbers.push(`${standards[name].prefix} ${one.requirement.id}`)
        found.set(key, item)
      }
  return [...found.values()].toSorted((one, other) => other.numbers.length - one.numbers.length)
}
