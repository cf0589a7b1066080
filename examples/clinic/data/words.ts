/** What is written down in a practice: plausible, and about nobody. */

export const allergies = [
  "Penicillin",
  "Birch pollen",
  "House dust mite",
  "Latex",
  "Ibuprofen",
  "Nickel",
  "Peanut",
  "Wasp venom",
  "Contrast medium",
  "Grass pollen",
  "Cat hair",
  "Acetylsalicylic acid",
]

export const histories = [
  "Essential hypertension since 2014, well controlled.",
  "Type 2 diabetes mellitus, diagnosed 2017; HbA1c checked every three months.",
  "Appendectomy 1998. No other operations.",
  "Bronchial asthma since childhood, exercise-induced.",
  "Hypothyroidism after Hashimoto's thyroiditis.",
  "Migraine without aura, two to three attacks a month.",
  "Myocardial infarction 2019, stent in the left anterior descending artery.",
  "Chronic low back pain; physiotherapy helps.",
  "Atrial fibrillation, on anticoagulants.",
  "Smoker until 2020, 20 pack-years.",
  "Osteoarthritis of the right knee.",
  "Recurrent urinary tract infections.",
  "Depressive episode 2021, in remission.",
  "Healthy; no known conditions.",
]

export const remarks = [
  "Often comes late; prefers the first appointment of the day.",
  "Takes tablets irregularly; ask openly.",
  "Anxious about needles: let them lie down.",
  "Wishes to talk about the family situation, allow time.",
  "Second opinion at the university hospital is under way.",
  "Suspected alcohol misuse; CAGE 2 of 4, bring it up again.",
]

export type VisitKind = "checkup" | "consultation" | "followUp" | "acute" | "vaccination"

/** Why someone comes, what is found, and what is done about it. */
export interface Case {
  readonly reason: string
  readonly finding: string
  readonly plan: string
}

export const cases: Readonly<Record<VisitKind, readonly Case[]>> = {
  checkup: [
    {
      reason: "Annual check-up",
      finding: "Heart and lungs normal, abdomen soft.",
      plan: "Next check-up in a year.",
    },
    {
      reason: "Blood test",
      finding: "Good general condition.",
      plan: "Blood count, CRP and ferritin ordered; results by phone.",
    },
    {
      reason: "Skin cancer screening",
      finding: "Many moles, none suspicious.",
      plan: "Again in two years; sun protection.",
    },
    {
      reason: "Check-up 35",
      finding: "ECG: sinus rhythm. Weight up since last time.",
      plan: "Advised on diet and exercise.",
    },
  ],
  consultation: [
    {
      reason: "Knee pain on stairs",
      finding: "Medial joint line tender, no effusion, ligaments stable.",
      plan: "Physiotherapy, six sessions.",
    },
    {
      reason: "Sleeps badly",
      finding: "Mood slightly lowered, no suicidal thoughts.",
      plan: "Sleep diary; talk about it in two weeks.",
    },
    {
      reason: "Dizzy in the morning",
      finding: "Pressure falls by 25 mmHg on standing.",
      plan: "Dose reduced; check again in two weeks.",
    },
    {
      reason: "Headache for weeks",
      finding: "Neurological examination without findings.",
      plan: "Headache diary; MRI if it stays.",
    },
    {
      reason: "Always tired",
      finding: "Pale, no lymph nodes. Ferritin low.",
      plan: "Iron for three months, then another blood test.",
    },
    {
      reason: "Palpitations",
      finding: "Pulse regular. Resting ECG normal.",
      plan: "Referral to cardiology for a long-term ECG.",
    },
  ],
  followUp: [
    {
      reason: "Blood pressure values",
      finding: "Home readings between 128 and 142 systolic.",
      plan: "Continue; measure twice a day for two weeks.",
    },
    {
      reason: "Diabetes check",
      finding: "HbA1c 6.9 %, down from 7.4 %. Feet: pulses present.",
      plan: "Continue; next check in three months.",
    },
    {
      reason: "After the hospital stay",
      finding: "Wound dry and closed, no redness.",
      plan: "Stitches removed; light work from Monday.",
    },
    {
      reason: "Results of the blood test",
      finding: "TSH back in the normal range.",
      plan: "Dose stays; check in six months.",
    },
  ],
  acute: [
    {
      reason: "Fever since yesterday",
      finding: "Throat red, lungs clear. Rapid antigen test negative.",
      plan: "Rest and fluids. Back at once above 39 °C.",
    },
    {
      reason: "Cough and a sore throat",
      finding: "No coating, lungs clear.",
      plan: "No antibiotic. Again in a week if no better.",
    },
    {
      reason: "Back pain after lifting",
      finding: "Muscles tense, no deficit, Lasègue negative.",
      plan: "Keep moving; ibuprofen as needed.",
    },
    {
      reason: "Stomach flu",
      finding: "Abdomen soft, lively bowel sounds. Drinks enough.",
      plan: "Off work until Friday.",
    },
    {
      reason: "Rash",
      finding: "Maculopapular on the trunk, no mucosa involved.",
      plan: "Antihistamine; stop the new detergent.",
    },
  ],
  vaccination: [
    {
      reason: "Influenza",
      finding: "Fit for vaccination, consent given. Left deltoid.",
      plan: "Again next autumn.",
    },
    {
      reason: "Tetanus booster",
      finding: "No acute infection. Left deltoid, tolerated well.",
      plan: "Next in ten years.",
    },
    {
      reason: "TBE, second dose",
      finding: "Fit for vaccination. Right upper arm.",
      plan: "Third dose in nine months.",
    },
    {
      reason: "Shingles",
      finding: "Consent given. Watched for 15 minutes.",
      plan: "Second dose in two months.",
    },
  ],
}

export const internalBodies = [
  "Team: please call about the pathology report before the patient sees it.",
  "Request for a sick note refused; expect a discussion at the desk.",
  "Possible domestic violence. Offered help, documented injuries. Do not mention to relatives.",
  "Suspicion of a tumour not yet confirmed; do not discuss by phone.",
  "Medication interaction noticed late; report to the quality circle.",
]

export const addendumBodies = [
  "Correction: the left side, not the right.",
  "Laboratory called: potassium 4.1 mmol/l, no action needed.",
  "Discharge letter from the hospital arrived, agrees with the assessment.",
  "Patient called: symptoms gone since yesterday.",
  "Dose corrected after talking to the pharmacy.",
]

export interface Medicine {
  readonly substance: string
  readonly dose: string
  /** Taken for long, and so prescribed with refills. */
  readonly lasting: boolean
}

export const medicines: readonly Medicine[] = [
  { substance: "Ramipril", dose: "5 mg, 1-0-0", lasting: true },
  { substance: "Metformin", dose: "1000 mg, 1-0-1 with meals", lasting: true },
  { substance: "Ibuprofen", dose: "400 mg, at most three a day", lasting: false },
  { substance: "Bisoprolol", dose: "2.5 mg, 1-0-0", lasting: true },
  { substance: "Levothyroxine", dose: "75 µg, 1-0-0, half an hour before breakfast", lasting: true },
  { substance: "Pantoprazole", dose: "20 mg, 1-0-0 before breakfast", lasting: false },
  { substance: "Atorvastatin", dose: "20 mg, 0-0-1", lasting: true },
  { substance: "Amlodipine", dose: "5 mg, 1-0-0", lasting: true },
  { substance: "Amoxicillin", dose: "1000 mg, 1-0-1 for 7 days", lasting: false },
  { substance: "Salbutamol", dose: "0.1 mg, one or two puffs as needed", lasting: true },
  { substance: "Candesartan", dose: "8 mg, 1-0-0", lasting: true },
  { substance: "Metamizole", dose: "500 mg, at most four a day", lasting: false },
  { substance: "Apixaban", dose: "5 mg, 1-0-1", lasting: true },
  { substance: "Sertraline", dose: "50 mg, 1-0-0", lasting: true },
  { substance: "Cetirizine", dose: "10 mg, 0-0-1", lasting: false },
  { substance: "Colecalciferol", dose: "20,000 IU, once a week", lasting: true },
]
