// What IAM's condition keys of DynamoDB say of a request: the partition keys and the attributes that it names.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html

const WORDS = new Set(
  'SET REMOVE ADD DELETE AND OR NOT BETWEEN IN attribute_exists attribute_not_exists attribute_type begins_with contains size if_not_exists list_append'
    .toLowerCase()
    .split(' '),
)

/** Values of the partition key, of the table or of the index that is queried. */
export function leadingKeys(parameters, table) {
  const key = parameters.IndexName ? table.indexes[parameters.IndexName] : table.partitionKey
  const items = parameters.Keys ?? [parameters.Key ?? parameters.Item].filter(Boolean)
  if (items.length > 0) return [...new Set(items.map((item) => text(item[key])))]
  const condition = parameters.KeyConditionExpression ?? ''
  const found = [...condition.matchAll(/(#?\w+)\s*=\s*(:\w+)/g)].find(([, name]) => attribute(name, parameters) === key)
  return found ? [text(parameters.ExpressionAttributeValues[found[2]])] : []
}

/** Top-level attributes, sorted. */
export function accessed(parameters) {
  const expressions = ['Projection', 'Update', 'Condition', 'Filter', 'KeyCondition'].map(
    (kind) => parameters[`${kind}Expression`] ?? '',
  )
  const paths = expressions.join(' ').match(/[:#]?[A-Za-z_]\w*(?:(?:\.[#\w]+)|(?:\[\d+\]))*/g) ?? []
  const names = paths
    .filter((path) => !path.startsWith(':'))
    .map((path) => path.split(/[.[]/)[0])
    .filter((name) => !WORDS.has(name.toLowerCase()))
    .map((name) => attribute(name, parameters))
  const items = parameters.Keys ?? [parameters.Key ?? parameters.Item ?? {}]
  return [...new Set([...names, ...items.flatMap((item) => Object.keys(item))])].sort()
}

const attribute = (name, parameters) => (name.startsWith('#') ? parameters.ExpressionAttributeNames?.[name] : name)

/** The value of an attribute, which names its type: `{"S": "ENDPOINT#1"}`. */
const text = (value) => String(Object.values(value ?? {})[0] ?? '')
