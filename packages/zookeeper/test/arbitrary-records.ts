/** Every record of the protocol: any value there can be, and how it is written and read. */
import fc, { type Arbitrary } from 'fast-check'
import {
  expiredResponse,
  longOf,
  opcodes,
  readAddWatchRequest,
  readAddWatchResponse,
  readAuthRequest,
  readCheckRequest,
  readConnectRequest,
  readConnectResponse,
  readCreate2Response,
  readCreateRequest,
  readCreateResponse,
  readCreateTtlRequest,
  readDeleteRequest,
  readExistsRequest,
  readGetAclRequest,
  readGetAclResponse,
  readGetAllChildrenNumberRequest,
  readGetAllChildrenNumberResponse,
  readGetChildren2Response,
  readGetChildrenRequest,
  readGetChildrenResponse,
  readGetDataRequest,
  readGetDataResponse,
  readGetEphemeralsRequest,
  readGetEphemeralsResponse,
  readMultiReadRequest,
  readMultiReadResponse,
  readMultiRequest,
  readMultiResponse,
  readReconfigRequest,
  readRemoveWatchesRequest,
  readReplyHeader,
  readRequestHeader,
  readSaslToken,
  readSetAclRequest,
  readSetDataRequest,
  readSetWatches2Request,
  readSetWatchesRequest,
  readStat,
  readSyncRequest,
  readSyncResponse,
  readWatcherEvent,
  readWhoAmIResponse,
  writeAddWatchRequest,
  writeAddWatchResponse,
  writeAuthRequest,
  writeCheckRequest,
  writeConnectRequest,
  writeConnectResponse,
  writeCreate2Response,
  writeCreateRequest,
  writeCreateResponse,
  writeCreateTtlRequest,
  writeDeleteRequest,
  writeExistsRequest,
  writeGetAclRequest,
  writeGetAclResponse,
  writeGetAllChildrenNumberRequest,
  writeGetAllChildrenNumberResponse,
  writeGetChildren2Response,
  writeGetChildrenRequest,
  writeGetChildrenResponse,
  writeGetDataRequest,
  writeGetDataResponse,
  writeGetEphemeralsRequest,
  writeGetEphemeralsResponse,
  writeMultiReadRequest,
  writeMultiReadResponse,
  writeMultiRequest,
  writeMultiResponse,
  writeReconfigRequest,
  writeRemoveWatchesRequest,
  writeReplyHeader,
  writeRequestHeader,
  writeSaslToken,
  writeSetAclRequest,
  writeSetDataRequest,
  writeSetWatches2Request,
  writeSetWatchesRequest,
  writeStat,
  writeSyncRequest,
  writeSyncResponse,
  writeWatcherEvent,
  writeWhoAmIResponse,
  type JuteReader,
  type JuteWriter,
} from '@conclave/zookeeper'

/** A record, with its type forgotten: what is written must be what is read. */
export interface RecordKind {
  readonly name: string
  readonly any: Arbitrary<unknown>
  readonly write: (writer: JuteWriter, value: unknown) => void
  readonly read: (reader: JuteReader) => unknown
}

function kind<T>(
  name: string,
  any: Arbitrary<T>,
  write: (writer: JuteWriter, value: T) => void,
  read: (reader: JuteReader) => unknown,
): RecordKind {
  return { name, any, write: write as RecordKind['write'], read }
}

const plain = { noNullPrototype: true }
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
export const anyLong = fc
  .oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.maxSafeInteger().map(BigInt))
  .map(longOf)
export const anyText = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
)
const path = anyText
const maybePath = fc.option(path, { nil: null })
const bytes = fc.uint8Array({ maxLength: 300 })
const maybeBytes = fc.option(bytes, { nil: null })
const paths = fc.array(path, { maxLength: 5 })
const maybePaths = fc.option(fc.array(maybePath, { maxLength: 5 }), { nil: null })
const version = int

const acl = fc.option(
  fc.array(fc.record({ permissions: int, scheme: maybePath, id: maybePath }, plain), {
    maxLength: 3,
  }),
  { nil: null },
)
const stat = fc.record(
  {
    czxid: anyLong,
    mzxid: anyLong,
    ctime: anyLong,
    mtime: anyLong,
    version: int,
    cversion: int,
    aversion: int,
    ephemeralOwner: anyLong,
    dataLength: int,
    numChildren: int,
    pzxid: anyLong,
  },
  plain,
)
const readOnly = fc.constantFrom(true, false, undefined)
const pathAndWatch = fc.record({ path: maybePath, watch: fc.boolean() }, plain)
const pathAndVersion = fc.record({ path: maybePath, version }, plain)
const pathAlone = fc.record({ path: maybePath }, plain)
const createFields = { path: maybePath, data: maybeBytes, acl, flags: int }
const create = fc.record(createFields, plain)
const createTtl = fc.record({ ...createFields, ttlMs: anyLong }, plain)
const setData = fc.record({ path: maybePath, data: maybeBytes, version }, plain)
const setWatchesFields = {
  relativeZxid: anyLong,
  data: maybePaths,
  exist: maybePaths,
  child: maybePaths,
}

const multiPart = fc.oneof(
  fc.record(
    {
      opcode: fc.constantFrom(opcodes.create, opcodes.create2, opcodes.createContainer),
      request: create,
    },
    plain,
  ),
  fc.record({ opcode: fc.constant(opcodes.createTtl), request: createTtl }, plain),
  fc.record({ opcode: fc.constant(opcodes.delete), request: pathAndVersion }, plain),
  fc.record({ opcode: fc.constant(opcodes.setData), request: setData }, plain),
  fc.record({ opcode: fc.constant(opcodes.check), request: pathAndVersion }, plain),
)
const multiResult = fc.oneof(
  fc.record({ opcode: fc.constant(opcodes.create), path }, plain),
  fc.record({ opcode: fc.constant(opcodes.create2), path, stat }, plain),
  fc.record({ opcode: fc.constant(opcodes.setData), stat }, plain),
  fc.record({ opcode: fc.constantFrom(opcodes.delete, opcodes.check) }, plain),
  fc.record({ opcode: fc.constant(opcodes.error), error: int }, plain),
)
const multiReadPart = fc.record(
  { opcode: fc.constantFrom(opcodes.getData, opcodes.getChildren), request: pathAndWatch },
  plain,
)
const multiReadResult = fc.oneof(
  fc.record({ opcode: fc.constant(opcodes.getData), data: maybeBytes, stat }, plain),
  fc.record({ opcode: fc.constant(opcodes.getChildren), names: paths }, plain),
  fc.record({ opcode: fc.constant(opcodes.error), error: int }, plain),
)

const handshakes: readonly RecordKind[] = [
  kind(
    'ConnectRequest',
    fc.record(
      {
        protocolVersion: int,
        lastZxidSeen: anyLong,
        timeoutMs: int,
        sessionId: anyLong,
        password: maybeBytes,
        readOnly,
      },
      plain,
    ),
    writeConnectRequest,
    readConnectRequest,
  ),
  kind(
    'ConnectResponse',
    fc.oneof(
      fc.record(
        {
          protocolVersion: int,
          timeoutMs: int,
          sessionId: anyLong,
          password: maybeBytes,
          readOnly,
        },
        plain,
      ),
      readOnly.map(expiredResponse),
    ),
    writeConnectResponse,
    readConnectResponse,
  ),
  kind(
    'RequestHeader',
    fc.record({ xid: int, opcode: int }, plain),
    (writer, { xid, opcode }) => writeRequestHeader(writer, xid, opcode),
    readRequestHeader,
  ),
  kind(
    'ReplyHeader',
    fc.record({ xid: int, zxid: anyLong, error: int }, plain),
    (writer, { xid, zxid, error }) => writeReplyHeader(writer, xid, zxid, error),
    readReplyHeader,
  ),
  kind(
    'WatcherEvent',
    fc.record({ type: int, state: fc.constant(3), path }, plain),
    (writer, { type, path }) => writeWatcherEvent(writer, type, path),
    readWatcherEvent,
  ),
]

const requests: readonly RecordKind[] = [
  kind('create', create, writeCreateRequest, readCreateRequest),
  kind('createTtl', createTtl, writeCreateTtlRequest, readCreateTtlRequest),
  kind('delete', pathAndVersion, writeDeleteRequest, readDeleteRequest),
  kind('exists', pathAndWatch, writeExistsRequest, readExistsRequest),
  kind('getData', pathAndWatch, writeGetDataRequest, readGetDataRequest),
  kind('setData', setData, writeSetDataRequest, readSetDataRequest),
  kind('getAcl', pathAlone, writeGetAclRequest, readGetAclRequest),
  kind(
    'setAcl',
    fc.record({ path: maybePath, acl, version }, plain),
    writeSetAclRequest,
    readSetAclRequest,
  ),
  kind('getChildren', pathAndWatch, writeGetChildrenRequest, readGetChildrenRequest),
  kind('sync', pathAlone, writeSyncRequest, readSyncRequest),
  kind('check', pathAndVersion, writeCheckRequest, readCheckRequest),
  kind('multi', fc.array(multiPart, { maxLength: 4 }), writeMultiRequest, readMultiRequest),
  kind(
    'multiRead',
    fc.array(multiReadPart, { maxLength: 4 }),
    writeMultiReadRequest,
    readMultiReadRequest,
  ),
  kind(
    'reconfig',
    fc.record(
      { joining: maybePath, leaving: maybePath, newMembers: maybePath, version: anyLong },
      plain,
    ),
    writeReconfigRequest,
    readReconfigRequest,
  ),
  kind(
    'removeWatches',
    fc.record({ path: maybePath, watcherType: int }, plain),
    writeRemoveWatchesRequest,
    readRemoveWatchesRequest,
  ),
  kind(
    'addWatch',
    fc.record({ path: maybePath, mode: int }, plain),
    writeAddWatchRequest,
    readAddWatchRequest,
  ),
  kind(
    'auth',
    fc.record({ type: int, scheme: maybePath, proof: maybeBytes }, plain),
    writeAuthRequest,
    readAuthRequest,
  ),
  kind(
    'setWatches',
    fc.record(setWatchesFields, plain),
    writeSetWatchesRequest,
    readSetWatchesRequest,
  ),
  kind(
    'setWatches2',
    fc.record(
      { ...setWatchesFields, persistent: maybePaths, persistentRecursive: maybePaths },
      plain,
    ),
    writeSetWatches2Request,
    readSetWatches2Request,
  ),
  kind('sasl', fc.record({ token: maybeBytes }, plain), writeSaslToken, readSaslToken),
  kind(
    'getEphemerals',
    fc.record({ prefixPath: maybePath }, plain),
    writeGetEphemeralsRequest,
    readGetEphemeralsRequest,
  ),
  kind(
    'getAllChildrenNumber',
    pathAlone,
    writeGetAllChildrenNumberRequest,
    readGetAllChildrenNumberRequest,
  ),
]

const responses: readonly RecordKind[] = [
  kind('Stat', stat, writeStat, readStat),
  kind('create response', path, writeCreateResponse, readCreateResponse),
  kind(
    'create2 response',
    fc.record({ path, stat }, plain),
    (writer, { path, stat }) => writeCreate2Response(writer, path, stat),
    readCreate2Response,
  ),
  kind(
    'getData response',
    fc.record({ data: maybeBytes, stat }, plain),
    (writer, { data, stat }) => writeGetDataResponse(writer, data, stat),
    readGetDataResponse,
  ),
  kind(
    'getAcl response',
    fc.record({ acl, stat }, plain),
    (writer, { acl, stat }) => writeGetAclResponse(writer, acl, stat),
    readGetAclResponse,
  ),
  kind('getChildren response', paths, writeGetChildrenResponse, readGetChildrenResponse),
  kind(
    'getChildren2 response',
    fc.record({ names: paths, stat }, plain),
    (writer, { names, stat }) => writeGetChildren2Response(writer, names, stat),
    readGetChildren2Response,
  ),
  kind('sync response', maybePath, writeSyncResponse, readSyncResponse),
  kind(
    'multi response',
    fc.array(multiResult, { maxLength: 4 }),
    writeMultiResponse,
    readMultiResponse,
  ),
  kind(
    'multiRead response',
    fc.array(multiReadResult, { maxLength: 4 }),
    writeMultiReadResponse,
    readMultiReadResponse,
  ),
  kind('addWatch response', int, writeAddWatchResponse, readAddWatchResponse),
  kind('getEphemerals response', paths, writeGetEphemeralsResponse, readGetEphemeralsResponse),
  kind(
    'getAllChildrenNumber response',
    int,
    writeGetAllChildrenNumberResponse,
    readGetAllChildrenNumberResponse,
  ),
  kind(
    'whoAmI response',
    fc.option(fc.array(fc.record({ scheme: maybePath, user: maybePath }, plain)), { nil: null }),
    writeWhoAmIResponse,
    readWhoAmIResponse,
  ),
]

export const recordKinds: readonly RecordKind[] = [...handshakes, ...requests, ...responses]
