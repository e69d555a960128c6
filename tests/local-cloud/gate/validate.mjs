// Whether the parameters of a request are what the service's model says: all that are required, none that it does not
// know, each of its type and within its bounds.

const WHOLE = ['integer', 'long']
const patterns = new Map()

/** What is wrong with `parameters`, each with its place; empty if nothing is. */
export function problems(service, operation, parameters) {
  const input = service.input(operation)
  if (!input) return Object.keys(parameters).map((name) => `unknown parameter ${name}`)
  return check(service, input, parameters, '')
}

function check(service, shape, value, at) {
  const name = at.replace(/^\./, '') || 'the request'
  if (value === null) return []
  switch (shape.type) {
    case 'structure':
      return structure(service, shape, value, at, name)
    case 'list':
      if (!Array.isArray(value)) return [`${name} is not a list`]
      return [
        ...size(shape, value.length, name, 'entries'),
        ...value.flatMap((entry, index) => check(service, service.shape(shape.member), entry, `${at}[${index}]`)),
      ]
    case 'map':
      if (!isObject(value)) return [`${name} is not a map`]
      return [
        ...size(shape, Object.keys(value).length, name, 'entries'),
        ...Object.keys(value).flatMap((key) => check(service, service.shape(shape.key), key, `${at}.${key}`)),
        ...Object.entries(value).flatMap(([key, entry]) =>
          check(service, service.shape(shape.value), entry, `${at}.${key}`),
        ),
      ]
    case 'string':
      if (typeof value !== 'string') return [`${name} is not a text`]
      return [
        ...size(shape, [...value].length, name, 'characters'),
        ...pattern(shape, value, name),
        ...choice(shape, value, name),
      ]
    case 'blob':
      return size(shape, typeof value === 'string' ? Buffer.from(value, 'base64').length : value.length, name, 'bytes')
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${name} is neither true nor false`]
    case 'timestamp':
      return ['number', 'string'].includes(typeof value) ? [] : [`${name} is not a time`]
    default:
      if (typeof value !== 'number') return [`${name} is not a number`]
      if (WHOLE.includes(shape.type) && !Number.isInteger(value)) return [`${name} is not a whole number`]
      return size(shape, value, name, '')
  }
}

function structure(service, shape, value, at, name) {
  if (shape.document) return []
  if (!isObject(value)) return [`${name} is not a structure`]
  const present = Object.entries(value).filter(([, member]) => member !== undefined && member !== null)
  const found = []
  for (const required of shape.required ?? []) {
    if (!present.some(([member]) => member === required)) found.push(`${`${at}.${required}`.slice(1)} is missing`)
  }
  if (shape.union && present.length !== 1) found.push(`${name} has ${present.length} of its variants, not one`)
  for (const [member, content] of present) {
    const details = shape.members[member]
    if (!details) found.push(`${`${at}.${member}`.slice(1)} is not known`)
    else found.push(...check(service, service.shape(details), content, `${at}.${member}`))
  }
  return found
}

function size(shape, size, name, unit) {
  if (shape.min !== undefined && size < shape.min) return [`${name}: ${size} ${unit}, at least ${shape.min}`]
  if (shape.max !== undefined && size > shape.max) return [`${name}: ${size} ${unit}, at most ${shape.max}`]
  return []
}

function choice(shape, value, name) {
  if (!shape.enum || shape.enum.includes(value)) return []
  return [`${name}: ${value} is none of ${shape.enum.join(', ')}`]
}

/** AWS matches the whole text. */
function pattern(shape, value, name) {
  if (!shape.pattern) return []
  if (!patterns.has(shape.pattern)) patterns.set(shape.pattern, compile(shape.pattern))
  const compiled = patterns.get(shape.pattern)
  return !compiled || compiled.test(value) ? [] : [`${name} does not match ${shape.pattern}`]
}

/** The models have Java's patterns; the few that JavaScript does not read are not checked. */
function compile(pattern) {
  for (const flags of ['su', 's']) {
    try {
      return new RegExp(`^(?:${pattern})$`, flags)
    } catch {
      // The next flags, or none.
    }
  }
  return undefined
}

const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
