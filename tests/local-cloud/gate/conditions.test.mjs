import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findings } from './conditions.mjs'

const told = (Condition) =>
  findings({ Resources: { Role: { Properties: { Policies: [{ Effect: 'Allow', Condition }] } } } })

test('a key that is a list needs a set operator, and no other key may have one', async () => {
  assert.deepEqual(
    await told({ 'ForAllValues:StringEquals': { 'events:source': 'a' }, Null: { 'events:source': 'false' } }),
    [],
  )
  assert.match(
    (await told({ StringEquals: { 'events:source': 'a' } }))[0],
    /Role\.Properties\.Policies\.0: StringEquals events:source: the key is a list/,
  )
  assert.deepEqual(
    await told({ StringEquals: { 'kms:EncryptionContext:endpoint': 'a', 'aws:ResourceTag/t': 'b' } }),
    [],
  )
  assert.match((await told({ 'ForAllValues:StringEquals': { 'aws:SourceAccount': '1' } }))[0], /one value/)
  assert.match((await told({ StringEquals: { 'events:sauce': 'a' } }))[0], /no such condition key/)
})
