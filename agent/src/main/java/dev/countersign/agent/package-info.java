/// For agents in Java: a client that calls tools for a person in either pattern and keeps no token,
/// and tells how a call ended as a type.
@NullMarked
package dev.countersign.agent;

import org.jspecify.annotations.NullMarked;
