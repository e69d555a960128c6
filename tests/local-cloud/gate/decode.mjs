// What a request asks for: service, operation and parameters, whichever of AWS's protocols it is written in.

import { XMLParser } from 'fast-xml-parser'

const XML = new XMLParser({ parseTagValue: false, ignoreAttributes: true, ignoreDeclaration: true, trimValues: false })
/** In the query of every request, and no parameter: the SDKs name the operation there. */
const NOT_PARAMETERS = new Set(['x-id', 'Action', 'Version'])

/** A request that no service of AWS would understand. */
export class Malformed extends Error {}

/**
 * Credentials, region and service, as the signature's scope names them; undefined if it is not signed.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function scope(headers) {
  const found = /Credential=([^/,\s]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '')
  return found && { key: found[1], region: found[2], service: found[3], token: headers['x-amz-security-token'] }
}

/** `request`: method, path with its query, headers with names in lower case, body as a Buffer. */
export function decode(service, request) {
  const url = new URL(request.path, 'http://aws')
  const target = request.headers['x-amz-target']
  if (target) {
    const operation = known(service, target.split('.').at(-1))
    return { operation, parameters: json(request.body), unknown: [] }
  }
  if (service.protocol === 'query') return query(service, url, request.body.toString())
  return rest(service, url, request)
}

function known(service, operation) {
  if (!service.operations[operation]) throw new Malformed(`${service.prefix} has no operation ${operation}`)
  return operation
}

function json(body) {
  try {
    return body.length === 0 ? {} : JSON.parse(body)
  } catch (error) {
    throw new Malformed(`the body is no JSON: ${error.message}`)
  }
}

function query(service, url, body) {
  const fields = [...url.searchParams, ...new URLSearchParams(body)]
  const operation = known(service, new Map(fields).get('Action'))
  // MessageAttributes.entry.1.Value: one level for each part.
  const tree = {}
  for (const [key, value] of fields.filter(([key]) => !NOT_PARAMETERS.has(key))) {
    const parts = key.split('.')
    const last = parts.pop()
    let node = tree
    for (const part of parts) node = node[part] ??= {}
    node[last] = value
  }
  const unknown = []
  const input = service.input(operation)
  const parameters = input ? fromQuery(service, input, tree, '', unknown) : {}
  return { operation, parameters, unknown }
}

function fromQuery(service, shape, node, at, unknown) {
  const inOrder = (entries) =>
    Object.keys(entries)
      .sort((a, b) => a - b)
      .map((index) => entries[index])
  if (shape.type === 'structure') {
    const structure = {}
    for (const [key, value] of Object.entries(node)) {
      const [name, member] = memberNamed(shape, key) ?? []
      if (!name) unknown.push(`${at}${key}`)
      else structure[name] = fromQuery(service, service.shape(member), value, `${at}${name}.`, unknown)
    }
    return structure
  }
  if (shape.type === 'list') {
    const entries = shape.flattened ? node : (node[shape.member.locationName ?? 'member'] ?? node.member ?? {})
    return inOrder(entries).map((entry) => fromQuery(service, service.shape(shape.member), entry, at, unknown))
  }
  if (shape.type === 'map') {
    const [key, value] = [shape.key.locationName ?? 'key', shape.value.locationName ?? 'value']
    const entries = inOrder(shape.flattened ? node : (node.entry ?? {}))
    const decoded = (entry) =>
      fromQuery(service, service.shape(shape.value), entry[value] ?? {}, `${at}${entry[key]}.`, unknown)
    return Object.fromEntries(entries.map((entry) => [entry[key], decoded(entry)]))
  }
  return scalar(shape, node)
}

function memberNamed(shape, name) {
  return Object.entries(shape.members).find(([member, details]) => (details.locationName ?? member) === name)
}

function rest(service, url, request) {
  const found = service.match(request.method, url.pathname, url.searchParams, request.headers)
  if (!found) throw new Malformed(`${service.prefix} has nothing at ${request.method} ${url.pathname}`)
  const { operation } = found
  const input = service.input(operation)
  if (!input) return { operation, parameters: {}, unknown: [] }

  const parameters = {}
  const inBody = {}
  const named = new Set(
    [...new URLSearchParams(service.operations[operation].http.requestUri.split('?')[1])].map(([key]) => key),
  )
  for (const [name, member] of Object.entries(input.members)) {
    const shape = service.shape(member)
    const place = member.locationName ?? name
    if (member.location === 'uri') parameters[name] = found.labels[place.replaceAll('-', '')]
    else if (member.location === 'header') take(parameters, name, shape, request.headers[place.toLowerCase()])
    else if (member.location === 'headers') parameters[name] = prefixed(request.headers, place.toLowerCase())
    else if (member.location === 'querystring') {
      named.add(place)
      const values = url.searchParams.getAll(place)
      if (shape.type === 'list') take(parameters, name, shape, values.length > 0 ? values : undefined)
      else take(parameters, name, shape, values[0])
    } else inBody[name] = member
  }
  const unknown = [...url.searchParams.keys()].filter((key) => !named.has(key) && !NOT_PARAMETERS.has(key))
  if (request.body.length > 0) body(service, input, inBody, request, parameters, unknown)
  return { operation, parameters, unknown }
}

function body(service, input, members, request, parameters, unknown) {
  const payload = input.payload && service.shape(input.members[input.payload])
  if (payload && payload.type !== 'structure') {
    // A file, or the event of a function: bytes.
    parameters[input.payload] = request.body
    return
  }
  const shape = payload ?? { type: 'structure', members }
  let decoded
  if (service.protocol === 'rest-json') decoded = json(request.body)
  else decoded = fromXml(service, shape, Object.values(xml(request.body))[0] ?? {}, '', unknown)
  if (payload) parameters[input.payload] = decoded
  else Object.assign(parameters, decoded)
}

function xml(body) {
  try {
    return XML.parse(body.toString())
  } catch (error) {
    throw new Malformed(`the body is no XML: ${error.message}`)
  }
}

function fromXml(service, shape, node, at, unknown) {
  if (shape.type === 'structure') {
    const structure = {}
    for (const [key, value] of Object.entries(node)) {
      if (key === '#text') continue
      const [name, member] = memberNamed(shape, key) ?? []
      if (!name) unknown.push(`${at}${key}`)
      else structure[name] = fromXml(service, service.shape(member), value, `${at}${name}.`, unknown)
    }
    return structure
  }
  if (shape.type === 'list') {
    const entries = shape.flattened ? node : node[shape.member.locationName ?? 'member']
    return [entries ?? []].flat().map((entry) => fromXml(service, service.shape(shape.member), entry, at, unknown))
  }
  return scalar(shape, typeof node === 'object' ? (node['#text'] ?? '') : node)
}

function take(parameters, name, shape, value) {
  if (value !== undefined) parameters[name] = Array.isArray(value) ? value : scalar(shape, value)
}

function prefixed(headers, prefix) {
  const entries = Object.entries(headers).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]))
}

/** The value that a text stands for where a protocol has texts alone. */
function scalar(shape, text) {
  if (['integer', 'long', 'float', 'double'].includes(shape.type) && /^-?[\d.]+$/.test(text)) return Number(text)
  if (shape.type === 'boolean' && ['true', 'false'].includes(text)) return text === 'true'
  return text
}
