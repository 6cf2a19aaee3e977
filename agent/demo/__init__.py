"""The platform in a box: simulated source systems over real HTTP, real databases and real files."""
