/**
 * All that this project takes of @kubernetes/client-node. A module of its own, so that it can be imported when it is needed *and*
 * bundled without the rest: importing the package itself dynamically would put 13 MB of generated code into the bundle.
 */
export { KubeConfig, type User } from '@kubernetes/client-node';
