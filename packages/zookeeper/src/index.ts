/** What the façade and its tests may name: the codec of the protocol of ZooKeeper's clients, the
 * endpoint that serves them, and a client. */
export { FrameSplitter } from './jute/frame-splitter.ts'
export { type Long, longOf } from './jute/long.ts'
export { MalformedError, type MalformedReason } from './jute/malformed-error.ts'
export { JuteReader } from './jute/reader.ts'
export { JuteWriter } from './jute/writer.ts'
export { readAcl, type WireAcl, type WireAclEntry, writeAcl } from './messages/acl.ts'
export {
  addWatchModes,
  type AddWatchRequest,
  readAddWatchRequest,
  readAddWatchResponse,
  writeAddWatchRequest,
  writeAddWatchResponse,
} from './messages/add-watch.ts'
export { type AuthRequest, readAuthRequest, writeAuthRequest } from './messages/auth.ts'
export { type CheckRequest, readCheckRequest, writeCheckRequest } from './messages/check.ts'
export {
  type ConnectRequest,
  type ConnectResponse,
  expiredResponse,
  passwordBytes,
  readConnectRequest,
  readConnectResponse,
  writeConnectRequest,
  writeConnectResponse,
} from './messages/connect.ts'
export {
  type Create2Response,
  createFlags,
  type CreateRequest,
  type CreateTtlRequest,
  readCreate2Response,
  readCreateRequest,
  readCreateResponse,
  readCreateTtlRequest,
  writeCreate2Response,
  writeCreateRequest,
  writeCreateResponse,
  writeCreateTtlRequest,
} from './messages/create.ts'
export { type DeleteRequest, readDeleteRequest, writeDeleteRequest } from './messages/delete.ts'
export {
  type WireError,
  wireErrorName,
  type WireErrorName,
  wireErrors,
} from './messages/error-codes.ts'
export { type ExistsRequest, readExistsRequest, writeExistsRequest } from './messages/exists.ts'
export {
  type GetAclRequest,
  type GetAclResponse,
  readGetAclRequest,
  readGetAclResponse,
  writeGetAclRequest,
  writeGetAclResponse,
} from './messages/get-acl.ts'
export {
  type GetAllChildrenNumberRequest,
  readGetAllChildrenNumberRequest,
  readGetAllChildrenNumberResponse,
  writeGetAllChildrenNumberRequest,
  writeGetAllChildrenNumberResponse,
} from './messages/get-all-children-number.ts'
export {
  type GetChildren2Response,
  type GetChildrenRequest,
  readGetChildren2Response,
  readGetChildrenRequest,
  readGetChildrenResponse,
  writeGetChildren2Response,
  writeGetChildrenRequest,
  writeGetChildrenResponse,
} from './messages/get-children.ts'
export {
  type GetDataRequest,
  type GetDataResponse,
  readGetDataRequest,
  readGetDataResponse,
  writeGetDataRequest,
  writeGetDataResponse,
} from './messages/get-data.ts'
export {
  type GetEphemeralsRequest,
  readGetEphemeralsRequest,
  readGetEphemeralsResponse,
  writeGetEphemeralsRequest,
  writeGetEphemeralsResponse,
} from './messages/get-ephemerals.ts'
export {
  readReplyHeader,
  readRequestHeader,
  type ReplyHeader,
  type RequestHeader,
  writeReplyHeader,
  writeRequestHeader,
  xids,
} from './messages/headers.ts'
export {
  type MultiPart,
  type MultiResult,
  readMultiRequest,
  readMultiResponse,
  writeMultiRequest,
  writeMultiResponse,
} from './messages/multi.ts'
export {
  type MultiReadPart,
  type MultiReadResult,
  readMultiReadRequest,
  readMultiReadResponse,
  writeMultiReadRequest,
  writeMultiReadResponse,
} from './messages/multi-read.ts'
export { type Opcode, opcodeName, type OpcodeName, opcodes } from './messages/opcodes.ts'
export {
  readReconfigRequest,
  type ReconfigRequest,
  writeReconfigRequest,
} from './messages/reconfig.ts'
export {
  readRemoveWatchesRequest,
  type RemoveWatchesRequest,
  watcherTypes,
  writeRemoveWatchesRequest,
} from './messages/remove-watches.ts'
export { readSaslToken, type SaslToken, writeSaslToken } from './messages/sasl.ts'
export { readSetAclRequest, type SetAclRequest, writeSetAclRequest } from './messages/set-acl.ts'
export {
  readSetDataRequest,
  type SetDataRequest,
  writeSetDataRequest,
} from './messages/set-data.ts'
export {
  readSetWatches2Request,
  readSetWatchesRequest,
  type SetWatches2Request,
  type SetWatchesRequest,
  writeSetWatches2Request,
  writeSetWatchesRequest,
} from './messages/set-watches.ts'
export { readStat, statBytes, type WireStat, writeStat } from './messages/stat.ts'
export {
  readSyncRequest,
  readSyncResponse,
  type SyncRequest,
  writeSyncRequest,
  writeSyncResponse,
} from './messages/sync.ts'
export {
  connectedState,
  eventTypes,
  readWatcherEvent,
  type WatcherEvent,
  writeWatcherEvent,
} from './messages/watcher-event.ts'
export { type ClientInfo, readWhoAmIResponse, writeWhoAmIResponse } from './messages/who-am-i.ts'
export { parseServer, parseServerLine, type ServerLine } from './server-line.ts'
export { distinguishedName, type ListenPlace } from './endpoint/client-listener.ts'
export { digestIdentity } from './endpoint/digest-identity.ts'
export { openEndpoint, type Endpoint, type EndpointOptions } from './endpoint/endpoint.ts'
export type {
  ClientEvent,
  DiskUse,
  EndpointClock,
  EndpointHost,
  HostedClient,
  HostStanding,
  LeaderFigures,
  SessionAsker,
} from './endpoint/endpoint-host.ts'
export { defaultEndpointLimits, type EndpointLimits } from './endpoint/endpoint-limits.ts'
export type { EndpointSettings } from './endpoint/endpoint-view.ts'
export { fourLetterWords, type FourLetterWord } from './endpoint/four-letter-words.ts'
export type { Watcher, ZnodeEvent } from './client/armed-watches.ts'
export type { Proof, ProofTaker } from './client/authentications.ts'
export { Chroot } from './client/chroot.ts'
export { Client, type ClientListener, type SessionEnding } from './client/client.ts'
export { type Answer, ClientCall, type NoAnswer } from './client/client-call.ts'
export { type ClientLimits, defaultClientLimits } from './client/client-limits.ts'
export { sessionIdText, statOfWire } from './client/readings.ts'
export {
  aclRequest,
  childrenRequest,
  type ClientRequest,
  countRequest,
  type CreatedZnode,
  createRequest,
  deleteRequest,
  ephemeralsRequest,
  existsRequest,
  findAllRequest,
  getRequest,
  multiRequest,
  type MultiOutcome,
  type MultiPartOutcome,
  setAclRequest,
  setRequest,
  syncRequest,
} from './client/requests.ts'
export { ServerList, type ServerAddress } from './client/server-list.ts'
export { socketDial } from './client/sockets.ts'
export type { ClientClock, Dial, Wire, WireListener } from './client/wire.ts'
