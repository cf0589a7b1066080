/** From a definition to its rules, checked: what commands need that start no server. */
import { checkAccounts } from "./accounts/check-accounts.ts"
import { checkActions } from "./actions/check-actions.ts"
import { checkHooks } from "./actions/check-hooks.ts"
import { describeActions } from "./actions/describe-actions.ts"
import { checkNamespaces } from "./auth/check-namespaces.ts"
import type { BackendDefinition } from "./backend.ts"
import { checkActionNames } from "./graphql/action-fields.ts"
import { withAccounts } from "./model/account-entities.ts"
import { buildModel } from "./model/build.ts"
import { buildDatasets } from "./model/build-dataset.ts"
import { withPurposes } from "./model/consent.ts"
import { ProblemList } from "./model/model-error.ts"
import { withRecord } from "./model/record-entities.ts"
import type { Policies } from "./policy/policies.ts"
import { buildPolicies } from "./policy/policies.ts"

/** The rules of a definition, checked. Throws `ModelError` with every problem; what `checkAccounts` throws for `accounts`. */
export function buildBackend(definition: BackendDefinition): Policies {
  const problems = new ProblemList()
  const { accounts, actions = {} } = definition
  const own = withRecord(withPurposes(definition.model), definition.audit)
  const declared = accounts ? withAccounts(own, accounts.organizations ?? false) : own
  const model = buildModel(declared, problems)
  const access = checkActions(actions, model, problems)
  buildDatasets(definition.datasets ?? {}, model, problems)
  checkActionNames(model, describeActions(actions).values(), problems)
  checkNamespaces(definition.callers ?? {}, accounts !== undefined, problems)
  const policies = buildPolicies(model, problems, access, checkHooks(definition.hooks ?? [], model, problems))
  if (accounts) checkAccounts(accounts)
  const [register] = model.entities.flatMap((one) => one.request ?? [])
  const { officer = null } = definition.privacy ?? {}
  // Whom restriction lets through is who decides about it.
  if (register && officer !== null && officer !== register.officer)
    problems.add("UC410", register.entity.name, {
      why: `its officer is not that of \`privacy\` (${officer})`,
      mend: "Name the same role in both places, or leave out privacy: { officer }.",
    })
  problems.check()
  return { ...policies, officer: policies.officer ?? officer }
}
