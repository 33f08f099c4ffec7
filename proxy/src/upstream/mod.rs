//! Sending a request to a cluster: which endpoint, which connection, how often, how long.
