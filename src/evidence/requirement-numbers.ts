/** The numbers of requirements in titles of tests: `TR-03161-3 Auth_19, Auth_20: …` names two. */

const patterns: readonly RegExp[] = [
  /\b(TR-03161-3 )(?:[A-Z][A-Za-z]*_\d+)(?:, [A-Z][A-Za-z]*_\d+)*/g,
  /\b((?:GDPR|EHDS) )Art\. \d+(?:\(\d+\))*(?:\([a-z]\))?(?:, Art\. \d+(?:\(\d+\))*(?:\([a-z]\))?)*/g,
  /\b(HIPAA )164\.\d+(?:\([a-z0-9]+\))*(?:, 164\.\d+(?:\([a-z0-9]+\))*)*/g,
  /\b(ASVS )V?\d+(?:\.\d+)+(?:, V?\d+(?:\.\d+)+)*/g,
]

/** Each with its standard before it, as in `GDPR Art. 17`. */
export function numbersIn(title: string): readonly string[] {
  return patterns.flatMap((pattern) =>
    [...title.matchAll(pattern)].flatMap(([all, standard = ""]) =>
      all
        .slice(standard.length)
        .split(", ")
        .map((one) => standard + one.replace(/^V(?=\d)/, "")),
    ),
  )
}
