/** What is written down in a practice: plausible, and about nobody. */
// biome-ignore-all format: lists of words.

export const allergies = [
  "Penicillin", "Birch pollen", "House dust mite", "Latex", "Ibuprofen", "Nickel", "Peanut", "Wasp venom",
  "Contrast medium", "Grass pollen", "Cat hair", "Acetylsalicylic acid",
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

export const reasons: Readonly<Record<VisitKind, readonly string[]>> = {
  checkup: ["Annual check-up", "Blood test", "Skin cancer screening", "Check-up 35"],
  consultation: ["Knee pain on stairs", "Sleeps badly", "Dizzy in the morning", "Headache for weeks", "Tired"],
  followUp: ["Blood pressure values", "Results of the blood test", "After the hospital stay", "Wound check"],
  acute: ["Fever since yesterday", "Cough and a sore throat", "Back pain after lifting", "Stomach flu", "Rash"],
  vaccination: ["Influenza", "Tetanus booster", "TBE, second dose", "COVID-19", "Shingles"],
}

export const findings: Readonly<Record<VisitKind, readonly string[]>> = {
  checkup: [
    "Heart and lungs normal. Abdomen soft, no tenderness.",
    "Good general condition. ECG: sinus rhythm, no abnormalities.",
    "Weight up slightly since last year. Skin without suspicious lesions.",
  ],
  consultation: [
    "Medial joint line tender, no effusion, ligaments stable.",
    "Neurological examination without findings. Pupils equal and reactive.",
    "Mood slightly lowered, no suicidal thoughts. Sleep onset delayed.",
    "Orthostatic drop of 25 mmHg on standing.",
  ],
  followUp: [
    "Home readings between 128 and 142 systolic. Tolerates the tablets well.",
    "HbA1c 6.9 %, down from 7.4 %. Feet: pulses present, monofilament normal.",
    "Wound dry and closed, no redness. Stitches removed.",
    "TSH back in the normal range.",
  ],
  acute: [
    "Throat red, no coating; lungs clear. Rapid antigen test negative.",
    "Paravertebral muscles tense, no neurological deficit, Lasègue negative.",
    "Abdomen soft, lively bowel sounds. Drinks enough.",
    "Maculopapular rash on the trunk, no mucosal involvement.",
  ],
  vaccination: [
    "Fit for vaccination; informed consent given. Left deltoid, tolerated well.",
    "No acute infection. Vaccinated in the right upper arm, watched for 15 minutes.",
  ],
}

export const plans = [
  "Continue as before; next check in three months.",
  "Rest, fluids, paracetamol as needed. Back at once if the fever stays above 39 °C.",
  "Physiotherapy, six sessions. Return if it does not get better.",
  "Measure blood pressure at home twice a day for two weeks.",
  "Blood count, CRP and ferritin ordered; results by phone.",
  "Referral to cardiology for an echocardiogram.",
  "Dose reduced; check again in two weeks.",
  "No further steps needed.",
]

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
