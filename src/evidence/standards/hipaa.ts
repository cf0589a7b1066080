/** The technical and the nearest administrative parts of HIPAA's Security Rule, in our own short words. */
// biome-ignore-all format: a standard is read like a table, a requirement a line.
import type { Standard } from "../requirement.ts"
import { shownBy } from "./shown-by.ts"

export const hipaa: Standard = {
  name: "HIPAA Security Rule",
  about: "45 CFR Part 164, Subpart C (United States): safeguards for electronic health information. The rule's own text governs.",
  prefix: "HIPAA",
  requirements: [
    { id: "164.308(a)(1)(ii)(A)", weight: "required", who: "operator", text: "Risks are analysed.", duty: "Analyse them; the open points of this report belong in it." },
    { id: "164.308(a)(1)(ii)(B)", weight: "required", who: "operator", text: "Risks are brought down to what is reasonable.", duty: "Decide about each open point." },
    { id: "164.308(a)(1)(ii)(D)", weight: "required", who: "platform", text: "What happens in the system is reviewed regularly, from its records.", missing: "A record of reads and changes that can be reviewed.", checks: ["changes-recorded", "record-sealed"], needsTest: true, duty: "Name who reviews it, and how often.", how: "The record can be read, searched and exported by those who review it." },
    { id: "164.308(a)(2)", weight: "required", who: "operator", text: "Somebody is responsible for security.", duty: "Name them." },
    { id: "164.308(a)(3)", weight: "required", who: "platform", text: "People have the access that their work needs, and lose it when it ends.", how: "Roles and facts about a person are looked up in every request: what is taken away is gone in the next one.", tests: [shownBy.factsNow, shownBy.revokedNow], checks: ["rows-secured"], duty: "Take accounts and roles away when somebody leaves." },
    { id: "164.308(a)(4)", weight: "required", who: "platform", text: "Access is granted by rules.", how: "The model says who may do what; the access matrix in this report says it in English, and the database enforces it.", tests: [shownBy.readsAgainstRules, shownBy.writesAgainstRules, shownBy.accessAsPage], checks: ["rows-secured", "database-as-made", "personal-not-public"] },
    { id: "164.308(a)(5)(ii)(C)", weight: "addressable", who: "platform", accounts: true, text: "Sign-ins are watched.", missing: "A test of the platform that shows it.", checks: ["account-events-recorded"], needsTest: true, how: "Sign-ins, failures and waits are on record." },
    { id: "164.308(a)(5)(ii)(D)", weight: "addressable", who: "platform", accounts: true, text: "Passwords are made, changed and kept safely.", missing: "A test of the platform that shows it.", checks: ["passwords-hashed"], needsTest: true, how: "Bad passwords are refused; what is stored is an Argon2id hash." },
    { id: "164.308(a)(6)", weight: "required", who: "operator", text: "Security incidents are dealt with and written down.", duty: "Have a procedure for them." },
    { id: "164.308(a)(7)", weight: "required", who: "operator", text: "There are backups, and a plan for emergencies.", duty: "Make backups, encrypt them, and practise restoring." },
    { id: "164.308(a)(8)", weight: "required", who: "builder", text: "All of it is evaluated regularly.", duty: "Run `undercroft evidence --check` with every change, and read this report regularly." },
    { id: "164.308(b)", weight: "required", who: "operator", text: "Business associates are bound by contract.", checks: ["subprocessors-declared"], duty: "Conclude the contracts, and declare the companies under `processing.subprocessors`." },
    { id: "164.310(a)", weight: "required", who: "operator", text: "Rooms and machines are protected.", duty: "Protect them, or choose a host who does." },
    { id: "164.310(d)", weight: "required", who: "operator", text: "Disks are erased before they are given away.", duty: "Erase them, or have the host show that they are." },
    { id: "164.312(a)(1)", weight: "required", who: "platform", text: "Only those who may get at health information get at it.", how: "PostgreSQL decides about every row and field by the model's rules, whichever door a request comes through.", tests: [shownBy.readsAgainstRules, shownBy.writesAgainstRules, shownBy.readsCanary, shownBy.doorsReadable], checks: ["rows-secured", "api-least-rights", "database-as-made"] },
    { id: "164.312(a)(2)(i)", weight: "required", who: "platform", text: "Every user has an identifier of their own.", how: "A request has one caller, sealed for one transaction.", tests: [shownBy.noForgedCaller, shownBy.callerEnds], checks: ["api-least-rights"] },
    { id: "164.312(a)(2)(ii)", weight: "required", who: "platform", text: "In an emergency data can be got at.", missing: "Emergency access that is on record (break-glass).", how: "Emergency access is asked for with a reason, and is on record." },
    { id: "164.312(a)(2)(iii)", weight: "addressable", who: "platform", accounts: true, text: "A session that nobody uses ends.", missing: "A test of the platform that shows it.", checks: ["sessions-end"], needsTest: true, how: "Sessions end when idle, and after their hours." },
    { id: "164.312(a)(2)(iv)", weight: "addressable", who: "platform", text: "Health information is encrypted where it is stored.", missing: "Encryption of fields.", checks: ["special-encrypted"], needsTest: true, how: "Special data is encrypted with a key of its person." },
    { id: "164.312(b)", weight: "required", who: "platform", text: "What is done with health information is recorded, and can be examined.", missing: "A record of reads and changes.", checks: ["changes-recorded", "record-sealed", "record-kept-apart"], needsTest: true, how: "Reads and changes are on a sealed record." },
    { id: "164.312(c)(1)", weight: "required", who: "platform", text: "Health information is not altered or destroyed by those who may not.", how: "Rules of change are enforced by the database; nobody writes over a change that they have not seen.", tests: [shownBy.writesAgainstRules, shownBy.massAssignment, shownBy.lostUpdate], checks: ["rows-secured", "database-as-made"] },
    { id: "164.312(c)(2)", weight: "addressable", who: "platform", text: "That it was not altered can be confirmed.", missing: "A sealed record of changes.", checks: ["changes-recorded", "record-sealed", "database-checksums"], needsTest: true, how: "A sealed record of changes, and checksums of every page." },
    { id: "164.312(d)", weight: "required", who: "platform", text: "Who asks is who they say they are.", how: "Tokens are believed by their issuer's keys alone; a forged caller is refused by the database.", tests: [shownBy.noForgedCaller, shownBy.keysFromIssuer, shownBy.tokensOfOneCaller] },
    { id: "164.312(e)(1)", weight: "required", who: "platform", text: "What goes over a network is protected.", checks: ["database-connection", "addresses-encrypted", "certificates-verified"], gap: "The server itself speaks HTTP: TLS towards clients is ended in front of it, which can't be seen from here.", duty: "End TLS in front of the backend." },
    { id: "164.312(e)(2)(i)", weight: "addressable", who: "platform", text: "What is altered on the way is noticed.", checks: ["database-connection", "certificates-verified"], gap: "As above: TLS towards clients can't be seen from here.", duty: "End TLS in front of the backend." },
    { id: "164.312(e)(2)(ii)", weight: "addressable", who: "platform", text: "What goes over a network is encrypted.", checks: ["database-connection", "addresses-encrypted"], gap: "As above: TLS towards clients can't be seen from here.", duty: "End TLS in front of the backend." },
    { id: "164.314(a)", weight: "required", who: "operator", text: "Contracts with business associates say what they must say.", checks: ["subprocessors-declared"], duty: "Have the contracts looked at." },
    { id: "164.316(a)", weight: "required", who: "builder", text: "There are policies and procedures.", duty: "Write them; this report says which of them the software carries out." },
    { id: "164.316(b)(1)", weight: "required", who: "builder", text: "They are documented.", checks: ["controller-declared"], duty: "Keep this report with them." },
    { id: "164.316(b)(2)(i)", weight: "required", who: "operator", text: "Documents are kept for six years.", duty: "Keep each report for six years." },
  ],
}
