/** `conclave/zookeeper`: what tools need of ZooKeeper's own forms. Nothing else imports this file. */
export { parseServer, parseServerLine, type ServerLine } from '@conclave/zookeeper'
