/** How sensitive a field is, and which names look personal enough that the model must say so. */

/** From harmless to most harmful; `internal` is the default. `special` is GDPR Art. 9. */
export type Classification = "public" | "internal" | "personal" | "special" | "secret"

/** Words in a field's name that mean a person, by themselves or at the end of a longer name. */
const personalWords: readonly string[] = [
  "email",
  "mail",
  "phone",
  "mobile",
  "fax",
  "birthdate",
  "birthday",
  "born",
  "dateofbirth",
  "birth",
  "firstname",
  "lastname",
  "fullname",
  "surname",
  "givenname",
  "familyname",
  "maidenname",
  "nickname",
  "address",
  "street",
  "postcode",
  "zipcode",
  "ssn",
  "passport",
  "iban",
  "taxid",
  "insurancenumber",
  "gender",
  "nationality",
  "latitude",
  "longitude",
  "ipaddress",
]
const specialWords: readonly string[] = [
  "diagnosis",
  "diagnoses",
  "medication",
  "bloodtype",
  "religion",
  "ethnicity",
  "disability",
  "allergies",
  "allergy",
  "genome",
  "biometric",
  "sexualorientation",
  "healthstatus",
  "prescription",
]
const secretWords: readonly string[] = [
  "password",
  "passwordhash",
  "secret",
  "apikey",
  "privatekey",
  "token",
  "pin",
]

/** The classification that a field's name suggests, or null where the name says nothing. */
export function suggestClassification(fieldName: string): Classification | null {
  const plain = fieldName.toLowerCase()
  const words = fieldName
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[\s_]+/)
  const tails = words.map((_, at) => words.slice(at).join(""))
  const isOneOf = (list: readonly string[]): boolean =>
    list.includes(plain) || tails.some((tail) => list.includes(tail))
  if (isOneOf(secretWords)) return "secret"
  if (isOneOf(specialWords)) return "special"
  return isOneOf(personalWords) ? "personal" : null
}
