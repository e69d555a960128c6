// Says which of the actions that the template allows no test has used, after all of them ran: each is used by a test,
// taken out of the policy, or kept in kept.json with the reason.
//
//   node unused.mjs TEMPLATE.json USED PAGE
//
// TEMPLATE: the template after the SAM transform. USED: the folder of what the gates of all clouds have recorded. PAGE: the
// how-to with the policies of roles in other accounts.

import fs from 'node:fs'
import path from 'node:path'

import { ForeignRoles } from './foreign.mjs'
import { ELSEWHERE } from './record.mjs'

/** `ROLE ACTION` of everything that a role of the template is allowed, by the roles' names there. */
export function allowed(template) {
  const roles = Object.entries(template.Resources).filter(([, resource]) => resource.Type === 'AWS::IAM::Role')
  return roles.flatMap(([name, role]) => {
    const policies = branches(role.Properties.Policies ?? [])
    return policies.flatMap((policy) => actions(policy.PolicyDocument)).map((action) => `${name} ${action}`)
  })
}

export function actions(document) {
  const allowing = branches([document.Statement].flat()).filter((statement) => statement.Effect === 'Allow')
  return [...new Set(allowing.flatMap((statement) => statement.Action))]
}

/** Both sides of each condition of CloudFormation. */
const branches = (list) =>
  list.flatMap((entry) => (entry['Fn::If'] ? branches(entry['Fn::If'].slice(1)) : 'Ref' in entry ? [] : [entry]))

/** Of lines as the gate writes them, with the names that CloudFormation made of those of the template. */
export const used = (lines, roles) =>
  new Set(
    lines.map((line) => {
      const [physical, action] = line.split(' ')
      const role = roles.find((role) => new RegExp(`^.+-${role}-[A-Z0-9]+$`, 'i').test(physical))
      return `${role ?? physical} ${action}`
    }),
  )

/** What is wrong, a line each. `kept`: `{ role, action, why }`. */
export function findings(allowed, used, kept) {
  const without = kept.map(({ role, action }) => `${role} ${action}`)
  return [
    ...allowed
      .filter((one) => !used.has(one) && !without.includes(one))
      .map(
        (one) =>
          `${one}: no test uses it. Use it in a test, or take it out of the policy; kept.json is for what no emulator shows`,
      ),
    ...without.filter((one) => used.has(one)).map((one) => `${one}: a test uses it. Take it out of kept.json`),
    ...without
      .filter((one) => !allowed.includes(one))
      .map((one) => `${one}: no policy allows it. Take it out of kept.json`),
  ]
}

if (process.argv[1] === import.meta.filename) {
  const [template, folder, page] = process.argv.slice(2)
  const ours = allowed(JSON.parse(fs.readFileSync(template)))
  const foreign = new ForeignRoles(page, '111122223333', 'stack').role('arn:aws:iam::444455556666:role/there')
  const theirs = foreign.policies.flatMap(({ policy }) => actions(policy)).map((action) => `${ELSEWHERE} ${action}`)
  const lines = fs
    .readdirSync(folder)
    .flatMap((file) => fs.readFileSync(path.join(folder, file), 'utf8').split('\n').filter(Boolean))
  const all = [...new Set([...ours, ...theirs])].sort()
  const roles = [...new Set(all.map((one) => one.split(' ')[0]))]
  const kept = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'kept.json')))
  const found = findings(all, used(lines, roles), kept)
  for (const finding of found) console.error(finding)
  console.error(
    `${all.length} actions are allowed, ${all.length - kept.length - found.length} of them used by tests, ${kept.length} kept.`,
  )
  process.exitCode = found.length > 0 ? 1 : 0
}
