/** What the façade may name of the transports. */
export { systemClock, type CancelTimer, type Clock } from './clock.ts'
export { Codec, type CodecOptions, type DataCount } from './codec.ts'
export { systemEntropy, type RandomBytes } from './entropy.ts'
export { FrameSplitter, frameHeaderBytes, type Frame, type FrameLimits } from './frame.ts'
export { protocolVersions } from './handshake.ts'
export { defaultTransportLimits, type TransportLimits } from './limits.ts'
export { MemoryNetwork } from './memory-network.ts'
export type { MemoryTransportOptions } from './memory-transport.ts'
export type { Schedule } from './notices.ts'
export { ProtocolError, type ProtocolErrorCode } from './protocol-error.ts'
export { refusalCodes, type RefusalCode, type VersionRange } from './refusal.ts'
export { openTcpTransport, type TcpTransportOptions } from './tcp-transport.ts'
export type {
  Identity,
  PeerAddress,
  Refusal,
  RemotePeer,
  Transport,
  TransportListener,
} from './transport.ts'
