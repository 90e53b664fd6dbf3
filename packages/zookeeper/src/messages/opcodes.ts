/** What a request asks for: the `type` of its header, and of each part of a multi. */

export const opcodes = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const

export type OpcodeName = keyof typeof opcodes
export type Opcode = (typeof opcodes)[OpcodeName]

const names = new Map<number, OpcodeName>(
  Object.entries(opcodes).map(([name, code]) => [code, name as OpcodeName]),
)

/** The name of an opcode that came from outside; `undefined` of one that there is not. */
export function opcodeName(code: number): OpcodeName | undefined {
  return names.get(code)
}
