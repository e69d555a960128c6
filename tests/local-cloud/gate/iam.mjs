// Whether IAM allows what a function asks: its role's policies, those of its session, and those of the resource.

import { runSimulation } from '@cloud-copilot/iam-simulate'

export class Iam {
  #emulator
  #decisions = new Map()

  constructor(emulator) {
    this.#emulator = emulator
  }

  /**
   * Why `role` may not do what is asked; undefined if it may.
   *
   * `caller`: `{ account, region, role, session }`, with the role's `arn` if it is another account's, and the session's `policy` if it
   * was begun with one. `asked`: `{ action, resource, context }`.
   */
  async refusal(caller, asked) {
    const refusal = await this.#decided(caller, asked)
    if (!refusal) return undefined
    // Policies may have changed since they were read.
    this.#emulator.forget()
    return this.#decided(caller, asked)
  }

  async #decided(caller, { action, resource, context }) {
    const role = await this.#emulator.role(caller)
    const resourcePolicy = await this.#emulator.resourcePolicy(resource)
    // What no policy speaks of changes no decision: most calls are then the same as one before.
    const policies = JSON.stringify([role.policies, caller.policy ?? null, resourcePolicy ?? null]).toLowerCase()
    const spokenOf = Object.entries(context).filter(([key]) => policies.includes(key.toLowerCase()))
    const asked = { action, resource, context: Object.fromEntries(spokenOf) }
    const key = `${policies} ${JSON.stringify([caller, asked])}`
    if (!this.#decisions.has(key)) this.#decisions.set(key, await this.#judge(caller, role, resourcePolicy, asked))
    return this.#decisions.get(key)
  }

  /** Which of the policies that all have to allow it does not. */
  async #lacking(caller, role, resourcePolicy, asked) {
    if (!caller.policy) return 'identity-based'
    const without = await this.#judge({ ...caller, policy: undefined }, role, resourcePolicy, asked)
    return without ? 'identity-based' : 'session'
  }

  async #judge(caller, role, resourcePolicy, asked) {
    const { action, resource, context } = asked
    const principal = `arn:aws:sts::${caller.account}:assumed-role/${caller.role}/${caller.session}`
    const contextVariables = plain({ ...everyRequest(caller, role.arn, resource), ...context })
    const result = await runSimulation(
      {
        request: {
          principal,
          action,
          resource: { resource, accountId: resource.split(':')[4] || caller.account },
          contextVariables,
        },
        // What role and session both allow is allowed.
        sessionPolicy: renamed(caller.policy),
        identityPolicies: role.policies.map(({ name, policy }) => ({ name, policy: renamed(policy) })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        resourcePolicy: renamed(resourcePolicy),
      },
      {},
    )
    if (result.resultType === 'error')
      return `${action} on ${resource} cannot be judged: ${JSON.stringify(result.errors)}`
    if (result.overallResult === 'Allowed') return undefined
    // The words of AWS.
    const why =
      result.overallResult === 'ExplicitlyDenied'
        ? 'with an explicit deny in a policy'
        : `because no ${await this.#lacking(caller, role, resourcePolicy, asked)} policy allows the ${action} action`
    return `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} ${why}`
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
function everyRequest(caller, arn, resource) {
  return {
    'aws:PrincipalArn': arn,
    'aws:PrincipalAccount': caller.account,
    'aws:PrincipalType': 'AssumedRole',
    'aws:PrincipalIsAWSService': 'false',
    'aws:RequestedRegion': caller.region,
    'aws:ResourceAccount': resource.split(':')[4] || caller.account,
    // The SDKs use TLS unless an address says otherwise, which only the local cloud's do.
    'aws:SecureTransport': 'true',
    'aws:ViaAWSService': 'false',
    'lambda:SourceFunctionArn': `arn:aws:lambda:${caller.region}:${caller.account}:function:${caller.session}`,
  }
}

// The simulator knows keys with a variable part after a slash, and ignores those that have it after a colon. A tag of the
// principal is a text like it, and so compared in the same way.
const OF_KMS = /^kms:EncryptionContext:(.+)$/i
const rename = (key) => key.replace(OF_KMS, 'aws:PrincipalTag/kms-encryption-context-$1')

function plain(context) {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [rename(key), value]))
}

function renamed(policy) {
  if (!policy) return policy
  const statement = (statement) => {
    if (!statement.Condition) return statement
    const operators = Object.entries(statement.Condition).map(([operator, keys]) => [operator, plain(keys)])
    return { ...statement, Condition: Object.fromEntries(operators) }
  }
  return { ...policy, Statement: [policy.Statement].flat().map(statement) }
}
