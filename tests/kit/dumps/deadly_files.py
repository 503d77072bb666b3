"""Makes Parquet files that end the process that reads them: one column is encrypted, the footer is not."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe


class _OpenKeys(pe.KmsClient):
    """Wraps keys in nothing: what matters is that a reader has none."""

    def wrap_key(self, key_bytes, master_key_identifier):
        """Return a key as it is."""
        return key_bytes.hex()

    def unwrap_key(self, wrapped_key, master_key_identifier):
        """Return a key as it was."""
        return bytes.fromhex(wrapped_key)


def write_killer(path: Path, table: pa.Table, column: str, row_group_size: int | None = None) -> Path:
    """Write a table of which one column is encrypted.

    Attributes of that column's metadata call `std::terminate` in pyarrow (26.0). Where it is the text, the
    process ends while the run is planned, and else while the part is read.
    """
    factory = pe.CryptoFactory(lambda configuration: _OpenKeys())
    how = pe.EncryptionConfiguration("footer", column_keys={"column": [column]}, plaintext_footer=True)
    keys = factory.file_encryption_properties(pe.KmsConnectionConfig(), how)
    with pq.ParquetWriter(path, table.schema, encryption_properties=keys) as writer:
        writer.write_table(table, row_group_size)
    return path
