// What calls are said to cost.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Meter, read, sizeOf } from './meter.mjs'

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
  meter.took(dynamodb, { operation: 'Query', parameters: {} }, 'other', answer({ CapacityUnits: 9 }))
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

test('a read costs by the size of what is answered', () => {
  const item = (bytes) => ({ pk: { S: 'x'.repeat(bytes - 2) } })
  const get = (parameters, body) => read({ operation: 'GetItem', parameters }, body)
  assert.equal(get({}, {}), 0.5, 'also of what is not there')
  assert.deepEqual([4096, 4097].map((bytes) => get({ ConsistentRead: true }, { Item: item(bytes) })), [1, 2])
  const query = (...items) => read({ operation: 'Query', parameters: {} }, { Items: items })
  assert.equal(query(item(2000), item(2000)), 0.5, 'a query reads its items as one')
  assert.equal(query(item(4000), item(4000)), 1)
  const RequestItems = { table: { Keys: [1, 2, 3, 4] } }
  const batch = { Responses: { table: [item(100), item(5000)] }, UnprocessedKeys: { table: { Keys: [4] } } }
  assert.equal(read({ operation: 'BatchGetItem', parameters: { RequestItems } }, batch), 0.5 + 1 + 0.5)
})

test('items are as large as AWS says', () => {
  assert.equal(sizeOf({ ab: { S: 'é' }, c: { N: '12345' }, d: { BOOL: true }, e: { NULL: true } }), 4 + 5 + 2 + 2)
  assert.equal(sizeOf({ m: { M: { k: { B: 'AAAA' } } }, l: { L: [{ S: 'abc' }] } }), 1 + 3 + 1 + 1 + 3 + 1 + 3 + 1 + 3)
})
