"""Generator of the synthetic faces that ship with maskface.

Run ``python -m tools.make_faces --help`` from the repository root. The heavy
dependencies (Blender as a Python module, the MakeHuman target data) are needed
only to build; see ``README.md`` next to this file.
"""
