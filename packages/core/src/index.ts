export { CoordinationError, errorCodes } from './errors.ts'
