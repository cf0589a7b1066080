/** The rights of people over their health data in the European Health Data Space, in our own short words. */
// biome-ignore-all format: a standard is read like a table, a requirement a line.
import type { Standard } from "../requirement.ts"
import { shownBy } from "./shown-by.ts"
import { shownByMore as more } from "./shown-by-more.ts"

export const ehds: Standard = {
  name: "EHDS",
  about: "Regulation (EU) 2025/327 on the European Health Data Space: the rights of people in its Articles 3 to 10, as far as a backend has a part in them (Article 4 is about services of the Member States), and Article 11(5). What it asks of systems for health records, and of the use of data for research, is not looked at here. The law's own text governs.",
  prefix: "EHDS",
  requirements: [
    { id: "Art. 3", who: "platform", text: "People see their health data at once, and get a copy of it.", how: "They read what the rules let them, through the same entrances as everybody; the export has all of it.", tests: [shownBy.readsAgainstRules, more.exportWhole], checks: ["subjects-known"], duty: "Have the rules let people read what is theirs, and offer the European format of health records." },
    { id: "Art. 5", who: "builder", text: "People add to their own record, and what they added can be told from the rest.", duty: "Have an entity for it, with who wrote it." },
    { id: "Art. 6", who: "platform", text: "People have wrong data corrected online.", how: "Whoever may change a row corrects it; what stood there before is on record.", tests: [shownBy.lostUpdate, more.recordOfWrites], duty: "Give people a way to ask for it." },
    { id: "Art. 7", who: "platform", text: "People take their data along.", how: "The export is JSON with its schema, and CSV.", tests: [more.exportForMachines, more.exportWhole] },
    { id: "Art. 8", who: "builder", text: "People restrict which health professionals see what, and those who are kept out can't tell.", duty: "Say so in the rules, for one by a consent (`row.consentsTo(…)`): a row that a rule keeps back is as if it were not there. Tell people beforehand that it may impair their treatment." },
    { id: "Art. 9", who: "platform", text: "People see who looked at their data, when, and at what; in an emergency, too.", how: "From the record, through the API, as soon as it happened.", missing: "A test of it.", checks: ["changes-recorded"], needsTest: true, duty: "Mark in the model whose reads are on record (`audit: { reads: true }`), and keep the record for three years at least (`audit: { keep }`)." },
    { id: "Art. 10", who: "builder", text: "Where the law of a country says so, people opt out of access through the services of the data space, and can come back.", duty: "Have a consent for it, and ask for it in the rules." },
    { id: "Art. 11(5)", who: "platform", text: "To protect vital interests data that was restricted can be got at; that is on record, where people find it.", how: "An override is opened for a reason and for a short time, is on record, is reviewed, and the person sees it.", tests: [more.overridesForReason, more.overridesTold] },
  ],
}
