package dev.countersign.box;

import dev.countersign.protocol.Secret;

/// How to reach one database as one user.
///
/// @param url `jdbc:postgresql://host:port/database`, without user and password
public record DatabaseSettings(String url, String user, Secret password) {
  public DatabaseSettings {
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new IllegalArgumentException("`url` must start with jdbc:postgresql:");
    }
  }

  /// The same server and user, another database.
  public DatabaseSettings database(String name) {
    int query = url.indexOf('?');
    String address = query < 0 ? url : url.substring(0, query);
    String options = query < 0 ? "" : url.substring(query);
    int slash = address.lastIndexOf('/');
    if (slash < "jdbc:postgresql://".length()) {
      throw new IllegalArgumentException("`url` must name host and database");
    }
    return new DatabaseSettings(address.substring(0, slash + 1) + name + options, user, password);
  }

  /// The same server and database, another user.
  public DatabaseSettings as(String otherUser, Secret otherPassword) {
    return new DatabaseSettings(url, otherUser, otherPassword);
  }
}
