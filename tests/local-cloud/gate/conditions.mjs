// Checks the condition keys of all policies in a template by their types, as AWS's Service Authorization Reference has
// them: a list needs ForAllValues or ForAnyValue, and nothing else may have them.
//
//   node conditions.mjs TEMPLATE.json

import fs from 'node:fs'

import { isConditionKeyArray, typeForContextKey } from '@cloud-copilot/iam-simulate'

/** What is wrong, a line each, with where it stands in the template. */
export async function findings(template) {
  const found = []
  for (const [at, statement] of statements(template.Resources, [])) {
    for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
      for (const key of Object.keys(keys)) found.push(...(await judged(at.join('.'), operator, key)))
    }
  }
  return found
}

async function judged(at, operator, key) {
  const at_ = `${at}: ${operator} ${key}`
  let type
  try {
    type = await typeForContextKey(key)
  } catch {
    return [`${at_}: AWS has no such condition key`]
  }
  if (operator === 'Null') return []
  const set = /^For(All|Any)Value(s)?:/.test(operator)
  if (isConditionKeyArray(type) && !set)
    return [`${at_}: the key is a list, so that this is never true without ForAllValues or ForAnyValue`]
  if (!isConditionKeyArray(type) && set) return [`${at_}: the key has one value, and ForAllValues is true without it`]
  return []
}

/** Every statement of a policy, however deep, with the path to it. */
function* statements(value, at) {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value) && value.Effect && value.Condition) yield [at, value]
  for (const [key, entry] of Object.entries(value)) yield* statements(entry, [...at, key])
}

if (process.argv[1] === import.meta.filename) {
  const found = await findings(JSON.parse(fs.readFileSync(process.argv[2])))
  for (const finding of found) console.error(finding)
  process.exitCode = found.length > 0 ? 1 : 0
}
