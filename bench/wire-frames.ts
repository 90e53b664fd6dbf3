/** The few frames of ZooKeeper's protocol that the wire bench sends, with room for an xid at byte 4. */

const opcodes = { create: 1, getData: 4, setData: 5 } as const

/** A session of 30 seconds, without the readOnly byte. */
export function connectRequest(): Buffer {
  const body = Buffer.alloc(4 + 8 + 4 + 8 + 4 + 16)
  body.writeInt32BE(30_000, 12)
  body.writeInt32BE(16, 24)
  return framed(body)
}

/** What answers it: the same timeout, a session, a password. */
export function connectResponse(): Buffer {
  const body = Buffer.alloc(4 + 4 + 8 + 4 + 16)
  body.writeInt32BE(30_000, 4)
  body.writeInt32BE(1, 12)
  body.writeInt32BE(16, 16)
  return framed(body)
}

/** Persistent, and open to everybody. */
export function createRequest(path: string, data: Buffer): Buffer {
  const world = Buffer.concat([int(1), int(31), bytes('world'), bytes('anyone')])
  return request(opcodes.create, bytes(path), bytes(data), world, int(0))
}

export function setRequest(path: string, data: Buffer): Buffer {
  return request(opcodes.setData, bytes(path), bytes(data), int(-1))
}

export function getRequest(path: string): Buffer {
  return request(opcodes.getData, bytes(path), Buffer.of(0))
}

const statBytes = 68

/** What answers one: a header for an xid, a constant stat, and of a get the data before it. */
export function constantReply(isGet: boolean, dataBytes: number): Buffer {
  const header = Buffer.alloc(16)
  return framed(
    Buffer.concat([
      header,
      ...(isGet ? [bytes(Buffer.alloc(dataBytes))] : []),
      Buffer.alloc(statBytes),
    ]),
  )
}

/** True of a frame's opcode, which stands behind length and xid. */
export function isGetData(opcode: number): boolean {
  return opcode === opcodes.getData
}

function request(opcode: number, ...fields: readonly Buffer[]): Buffer {
  return framed(Buffer.concat([int(0), int(opcode), ...fields]))
}

function framed(body: Buffer): Buffer {
  return Buffer.concat([int(body.length), body])
}

function int(value: number): Buffer {
  const field = Buffer.alloc(4)
  field.writeInt32BE(value)
  return field
}

function bytes(value: string | Buffer): Buffer {
  const content = Buffer.from(value as string)
  return Buffer.concat([int(content.length), content])
}
