// AWS's service models, as botocore carries them: operations, where each part of a request stands, and what is valid.

import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'

/** The name in a signature's scope, where the model's folder or the IAM prefix is another one. */
const FOLDERS = {
  elasticloadbalancing: 'elbv2',
  monitoring: 'cloudwatch',
  servicequotas: 'service-quotas',
  states: 'stepfunctions',
}
const PREFIXES = { monitoring: 'cloudwatch' }

export class Models {
  #folder
  #services = new Map()

  /** `folder`: `botocore/data` of a virtual environment. */
  constructor(folder) {
    this.#folder = folder
  }

  /** The service that a signature names; undefined if botocore knows none. */
  service(signed) {
    if (!this.#services.has(signed)) this.#services.set(signed, this.#read(signed))
    return this.#services.get(signed)
  }

  #read(signed) {
    const folder = path.join(this.#folder, FOLDERS[signed] ?? signed)
    if (!/^[a-z0-9-]+$/.test(signed) || !fs.existsSync(folder)) return undefined
    const newest = fs.readdirSync(folder).sort().at(-1)
    const model = JSON.parse(zlib.gunzipSync(fs.readFileSync(path.join(folder, newest, 'service-2.json.gz'))))
    return new Service(signed, model)
  }
}

export class Service {
  constructor(signed, model) {
    this.signed = signed
    /** As IAM's actions begin. */
    this.prefix = PREFIXES[signed] ?? signed
    this.protocol = model.metadata.protocol
    this.protocols = model.metadata.protocols ?? [this.protocol]
    this.operations = model.operations
    this.shapes = model.shapes
    this.namespace = model.metadata.xmlNamespace
    this.version = model.metadata.apiVersion
    this.routes = Object.entries(model.operations).map(([name, operation]) => this.#route(name, operation.http))
  }

  shape(reference) {
    return this.shapes[reference.shape]
  }

  /** The structure that an operation takes; undefined if it takes nothing. */
  input(operation) {
    const input = this.operations[operation]?.input
    return input && this.shape(input)
  }

  /** Operation and labels of a REST request: of those that match, the one that says most about it. */
  match(method, pathname, query, headers) {
    const fits = (route) =>
      route.method === method &&
      route.pattern.test(pathname) &&
      route.query.every(([key, value]) => has(query, key, value)) &&
      route.headers.every((header) => header in headers)
    const found = this.routes.filter(fits).sort((a, b) => b.weight - a.weight)[0]
    if (!found) return undefined
    const labels = Object.entries(found.pattern.exec(pathname).groups ?? {})
    const decoded = labels.map(([label, value]) => [label.slice(1), decodeURIComponent(value)])
    return { operation: found.name, labels: Object.fromEntries(decoded) }
  }

  #route(name, http) {
    const [pathname, search = ''] = http.requestUri.split('?')
    // Group names allow less than labels do, but for the first character.
    const pattern = pathname
      .replace(/\/$/, '')
      .split(/(\{[^}]+\})/)
      .map((part) => {
        const label = /^\{([^}+]+)(\+?)\}$/.exec(part)
        if (!label) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
        return `(?<_${label[1].replaceAll('-', '')}>${label[2] ? '.+' : '[^/]+'})`
      })
      .join('')
    // Operations of S3 share their paths: what one requires tells it from the others.
    const input = this.input(name)
    const required = (input?.required ?? []).map((member) => ({ member, ...input.members[member] }))
    const at = (location) =>
      required.filter((one) => one.location === location).map((one) => one.locationName ?? one.member)
    const query = [...new URLSearchParams(search), ...at('querystring').map((key) => [key, ''])]
    const headers = at('header').map((header) => header.toLowerCase())
    const literals = pathname.replace(/\{[^}]+\}/g, '').length
    const weight = (query.length + headers.length) * 1000 + literals * 10 + (pathname.match(/\{/g) ?? []).length
    return { name, method: http.method, pattern: new RegExp(`^${pattern}/?$`), query, headers, weight }
  }
}

const has = (query, key, value) => (value === '' ? query.has(key) : query.get(key) === value)
