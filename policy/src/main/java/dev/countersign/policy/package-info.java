/// The decision point: the registered types of authorization details, the rules over them, and the
/// decision with its reasons. Deciding is a pure function; nothing here talks to the network.
@NullMarked
package dev.countersign.policy;

import org.jspecify.annotations.NullMarked;
