// What calls are said to cost.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Meter } from './meter.mjs'

const dynamodb = { signed: 'dynamodb' }
const request = { headers: { 'content-length': '2' }, body: '{}' }
const answer = (ConsumedCapacity) => ({ status: 200, body: JSON.stringify({ ConsumedCapacity }) })

test('units add up by role and operation, from when somebody asks for them', () => {
  const meter = new Meter()
  const put = { operation: 'PutItem' }
  assert.equal(meter.asking(dynamodb, put, request), request)
  meter.took(dynamodb, put, 'role', answer({ CapacityUnits: 7 }))
  meter.control({ method: 'PUT', path: '/_gate/units' })
  const asked = meter.asking(dynamodb, put, request)
  assert.deepEqual(JSON.parse(asked.body), { ReturnConsumedCapacity: 'INDEXES' })
  assert.equal(asked.headers['content-length'], String(asked.body.length))
  meter.took(dynamodb, put, 'role', answer({ CapacityUnits: 3 }))
  meter.took(dynamodb, { operation: 'TransactWriteItems' }, 'role', answer([{ CapacityUnits: 4 }, { CapacityUnits: 2 }]))
  meter.took(dynamodb, { operation: 'Query' }, 'other', answer({ CapacityUnits: 0.5 }))
  meter.took(dynamodb, { operation: 'DescribeTable' }, 'other', answer({ CapacityUnits: 9 }))
  const take = () => JSON.parse(meter.control({ method: 'GET', path: '/_gate/units' }).body)
  assert.deepEqual(take(), {
    role: {
      PutItem: { calls: 1, reads: 0, writes: 3 },
      TransactWriteItems: { calls: 1, reads: 0, writes: 6 },
    },
    other: { Query: { calls: 1, reads: 0.5, writes: 0 } },
  })
  assert.deepEqual(take(), {}, 'each is told once')
  assert.equal(meter.control({ method: 'GET', path: '/_gate/limits' }), undefined)
})
