/**
 * What became of a request: the `err` of its reply. Clients throw on a code that they do not know, so
 * that none is ever invented. Above -100 the system failed, below it the request.
 */

export const wireErrors = {
  ok: 0,
  systemError: -1,
  runtimeInconsistency: -2,
  dataInconsistency: -3,
  connectionLoss: -4,
  marshallingError: -5,
  unimplemented: -6,
  operationTimeout: -7,
  badArguments: -8,
  unknownSession: -12,
  newConfigNoQuorum: -13,
  reconfigInProgress: -14,
  apiError: -100,
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  invalidCallback: -113,
  invalidAcl: -114,
  authFailed: -115,
  sessionMoved: -118,
  notReadOnly: -119,
  ephemeralOnLocalSession: -120,
  noWatcher: -121,
  requestTimeout: -122,
  reconfigDisabled: -123,
  sessionClosedRequireSaslAuth: -124,
  quotaExceeded: -125,
  throttledOp: -127,
} as const

export type WireErrorName = keyof typeof wireErrors
export type WireError = (typeof wireErrors)[WireErrorName]

const names = new Map<number, WireErrorName>(
  Object.entries(wireErrors).map(([name, code]) => [code, name as WireErrorName]),
)

/** The name of a code that came from outside; `undefined` of one that there is not. */
export function wireErrorName(code: number): WireErrorName | undefined {
  return names.get(code)
}
