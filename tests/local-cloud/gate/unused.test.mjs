import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allowed, findings, used } from './unused.mjs'

const statement = (Effect, ...Action) => ({ Effect, Action, Resource: '*' })
const template = {
  Resources: {
    Table: { Type: 'AWS::DynamoDB::Table' },
    ScanRole: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [
          {
            PolicyDocument: {
              Statement: [
                statement('Allow', 'a:One', 'a:Two'),
                statement('Deny', 'a:Three'),
                { 'Fn::If': ['Condition', statement('Allow', 'a:Four'), { Ref: 'AWS::NoValue' }] },
              ],
            },
          },
        ],
      },
    },
  },
}

test('what a role is allowed is all that any condition allows it', () => {
  assert.deepEqual(allowed(template), ['ScanRole a:One', 'ScanRole a:Two', 'ScanRole a:Four'])
})

test('an action is used, kept with its reason, or reported', () => {
  const seen = used(['stack-ScanRole-1ABC a:One'], ['ScanRole'])
  const report = (...kept) =>
    findings(
      allowed(template),
      seen,
      kept.map((action) => ({ role: 'ScanRole', action })),
    ).join('\n')
  assert.match(report('a:Four'), /^ScanRole a:Two: no test uses it/)
  assert.equal(report('a:Two', 'a:Four'), '')
  assert.match(report('a:Two', 'a:Four', 'a:One'), /a:One: a test uses it/)
  assert.match(report('a:Two', 'a:Four', 'a:Five'), /a:Five: no policy allows it/)
})
