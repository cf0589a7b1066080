/** What a definition of a backend gets told when it does not hold together. */
export const definitionErrors = {
  // The model.
  UC100: { status: 500, message: "The model has {count} problem(s)." },
  UC101: {
    status: 500,
    message: "has no access statement.",
    hint: "Add `{where}.access(({ row }) => ({ read: … }))`; `{}` allows nothing.",
  },
  UC102: {
    status: 500,
    message: "refers to {target}, which is not in the model.",
    hint: "Add {target} to the model's list, or correct the name.",
  },
  UC103: { status: 500, message: "is declared twice.", hint: "Give one of the two another name." },
  UC104: {
    status: 500,
    message: "has a name that is reserved for {use}.",
    hint: "Choose another name, such as {suggestion}.",
  },
  UC105: {
    status: 500,
    message: "looks {classification} by its name and is not classified.",
    hint: "Write .{classification}(), or .internal() if it is not about a person.",
  },
  UC106: { status: 500, message: "is not a name: {rule}.", hint: "Rename it." },
  UC107: {
    status: 500,
    message: "is not a field.",
    hint: "Use one of the field kinds: text(), integer(), ref(…) and so on.",
  },
  UC108: {
    status: 500,
    message: "names the field {field}, which {entity} does not have.",
    hint: "Correct the name in `{option}`.",
  },
  UC109: {
    status: 500,
    message: "has a default that does not fit: it {why}.",
    hint: "Correct the value in .default(…).",
  },
  UC110: {
    status: 500,
    message: "refers to {target}, whose key is composite.",
    hint: "Give {target} a key of one field.",
  },
  UC111: {
    status: 500,
    message: "goes back through {target}.{via}, which is not a reference to {entity}.",
    hint: "Name the field of {target} that refers to {entity}.",
  },
  UC112: {
    status: 500,
    message: "is set to null on delete and is not optional.",
    hint: "Write .optional(), or another .onDelete(…).",
  },
  UC113: {
    status: 500,
    message: "is unique over rows that a caller may not see, and so tells that they exist.",
    hint: "Include the field that decides who may see the row in the constraint, or accept it with {accept}.",
  },
  UC114: {
    status: 500,
    message: "has the option {option}, which there is not.",
    hint: "Options are: {options}.",
  },
  UC115: { status: 500, message: "is not an action.", hint: "Make it with action({ … })." },
  UC116: {
    status: 500,
    message: "needs the name {name} in GraphQL, which something else has.",
    hint: "Call the action something else.",
  },
  UC121: { status: 500, message: "is an action without {part}.", hint: "Add it to action({ … })." },
  UC120: {
    status: 500,
    message: "The registered GraphQL documents can't be used: {why}.",
    hint: "Make the file anew with: undercroft graphql persist",
  },
  UC117: { status: 500, message: "is a hook of {entity}, which {why}.", hint: "Leave it out." },
  UC118: { status: 500, message: "is not a hook.", hint: "Make it with beforeWrite(Entity, { … })." },
  UC119: {
    status: 500,
    message: "has {target} under `system`, which is a view.",
    hint: "Name the entities that the view is made from.",
  },
  UC140: {
    status: 500,
    message: "has the subject {subject}, which {why}.",
    hint: "Name the row's key, its account (a reference to User), or a reference to an entity that has a subject itself.",
  },
  UC141: {
    status: 500,
    message: "has personal fields ({fields}) and does not say whose they are.",
    hint: 'Say whose they are, such as `subject: "{way}"`: a reference to the person or to their account, or the key where a row is the person; or `subject: false` where it is about nobody on record here.',
  },
  UC150: {
    status: 500,
    message: "is a register of consents, and {why}.",
    hint: "{mend}",
  },
  UC151: {
    status: 500,
    message: "has a rule that asks for consent to {purpose}, {why}.",
    hint: "Purposes that rest on consent: {purposes}. Declare them with consentEntity(…).",
  },
  UC153: { status: 500, message: "has an `erase` {why}.", hint: "{mend}" },
  UC152: { status: 500, message: "has a `retain` that {why}.", hint: "{mend}" },
  UC142: {
    status: 500,
    message: "has under `audit` {why}.",
    hint: "Write `audit: { reads: true }`, and `purpose: true` beside it where requests must say what for.",
  },
  UC145: {
    status: 500,
    message: "can't be encrypted: it {why}.",
    hint: "Mend that, or leave out .encrypted().",
  },
  UC146: {
    status: 500,
    message: "can't be findable: {why}.",
    hint: "Leave out `findable`: encrypted it can still be, and read by those who may.",
  },
  UC147: {
    status: 500,
    message: "has a rule that looks at {path}, which is encrypted: the database can't read it.",
    hint: "Decide by a field that is not encrypted.",
  },
  UC430: {
    status: 500,
    message: "{why}: two people to whom they give the same id would be one.",
    hint: "{mend}",
  },
  UC420: { status: 500, message: "is a dataset {why}.", hint: "{mend}" },
  UC421: { status: 500, message: "is a column that {why}.", hint: "{mend}" },
  UC388: { status: 500, message: "is a register of emergency overrides, and {why}.", hint: "{mend}" },
  UC410: { status: 500, message: "is a register of privacy requests, and {why}.", hint: "{mend}" },
  UC389: {
    status: 500,
    message: "has a rule that asks for the emergency override {kind}, {why}.",
    hint: "Kinds: {kinds}. Declare them with overrideEntity(Person, { … }), and ask on rows that are about a person.",
  },
  // Rules.
  UC201: {
    status: 500,
    message: "has a rule that names {path}, which does not exist.",
    hint: "Correct the name; fields of {entity}: {fields}.",
  },
  UC202: {
    status: 500,
    message: "has a rule that asks {question} of {path}, which is {kind}.",
    hint: "Use a question that {kind} answers.",
  },
  UC203: {
    status: 500,
    message: "has a rule that compares {path} with {value}: it {why}.",
    hint: "Correct the value.",
  },
  UC204: {
    status: 500,
    message: "has a rule in a circle: {cycle}.",
    hint: "Write out one of the rules instead of visible().",
  },
  UC205: {
    status: 500,
    message: "uses the fact {fact}, which the actor does not have.",
    hint: "Declare it in actor({ … }).",
  },
  UC206: { status: 500, message: "has a rule that {what}.", hint: "{mend}" },
} as const
