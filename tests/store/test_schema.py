from pk_tui.store.schema import MODELS


def test_the_models_have_the_columns_that_the_migrations_make(disk):
    for model in MODELS:
        meta = model._meta
        columns = {row[1]: row for row in disk.sql(f"PRAGMA table_info({meta.table_name})")}
        assert {field.column_name for field in meta.sorted_fields} == set(columns)
        for field in meta.sorted_fields:
            row = columns[field.column_name]
            assert field.field_type.replace("AUTO", "INTEGER").replace("INT", "INTEGER")[:4] == str(row[2])[:4]
            assert field.null == (not row[3])
        keys = {name for name, row in columns.items() if row[5]}
        assert {field.column_name for field in meta.get_primary_keys()} == keys


def test_models_hold_no_database_so_that_two_nodes_can_live_in_one_process():
    assert all(model._meta.database is None for model in MODELS)
